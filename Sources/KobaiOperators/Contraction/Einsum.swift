import KobaiTensor

/// Products and sums over named dimensions, in Einstein's notation.
///
///     einsum("ij,jk->ik", a, b)       // the matrix product
///     einsum("bi,bi->b", a, b)        // row by row inner products
///     einsum("...ii->...i", a)        // diagonals
///
/// A letter names a dimension of every operand it stands in; letters that the result lacks are summed. Without
/// an arrow the result has the letters that occur once, in alphabetical order. `...` stands for
/// dimensions without letters, which broadcast. Operands are contracted from left to right.
/// https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor {
  einsum(equation, operands)
}

/// Products and sums over named dimensions, in Einstein's notation.
public func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
  guard let plan = EinsumPlan(equation, operands.map(\.shape)) else { return .poison }
  return plan.run(operands)
}

/// The letters of each operand and of the result, as numbers; dimensions under an ellipsis are numbers too.
private struct EinsumPlan {
  private var operands: [[Int]] = []
  private var result: [Int] = []
  private var sizes: [Int: Int] = [:]

  init?(_ equation: String, _ shapes: [Shape]) {
    func refuse(_ reason: String) -> EinsumPlan? { misuse("einsum(): \(reason)", else: nil) }
    let text = equation.filter { $0 != " " }
    let sides = text.split(separator: "->", omittingEmptySubsequences: false)
    guard sides.count <= 2 else {
      _ = refuse("\"\(equation)\" has more than one arrow")
      return nil
    }
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
    guard terms.count == shapes.count, !shapes.isEmpty else {
      _ = refuse(
        "\"\(equation)\" has \(terms.count) subscripts for \(shapes.count) operands; they must be "
          + "as many")
      return nil
    }
    // Dimensions under an ellipsis count from the last: −1, −2, …
    var widest = 0
    var counts: [Int: Int] = [:]
    for (i, (term, shape)) in zip(terms, shapes).enumerated() {
      guard let letters = Self.letters(term, rank: shape.count) else {
        _ = refuse(
          "the subscript \"\(term)\" does not fit operand \(i) of shape \(shape); it must name each "
            + "dimension by a letter, or the rest by one '...'")
        return nil
      }
      widest = max(widest, letters.filter { $0 < 0 }.count)
      for (position, (letter, size)) in zip(letters, shape).enumerated() {
        if let first = letters[..<position].firstIndex(of: letter), shape[first] != size {
          let name = String(UnicodeScalar(UInt8(letter)))
          _ = refuse(
            "subscript \(name) is repeated for operand \(i) but the sizes don't match, \(size) != "
              + "\(shape[first])")
          return nil
        }
        counts[letter, default: 0] += 1
        let known = sizes[letter] ?? 1
        guard known == 1 || size == 1 || known == size else {
          let name = letter < 0 ? "..." : String(UnicodeScalar(UInt8(letter)))
          _ = refuse(
            "subscript \(name) has size \(size) for operand \(i) which does not broadcast with "
              + "previously seen size \(known)")
          return nil
        }
        sizes[letter] = max(known, size) == 1 ? size * known : (known == 1 ? size : known)
      }
      operands.append(letters)
    }
    let ellipsis = (0..<widest).map { $0 - widest }
    if sides.count == 2 {
      var rest = sides[1]
      while let first = rest.first {
        if rest.hasPrefix("...") {
          result += ellipsis
          rest = rest.dropFirst(3)
          continue
        }
        guard let letter = Self.code(first), counts[letter] != nil, !result.contains(letter) else {
          _ = refuse(
            "output subscript \(first) must appear once, and in an input, in \"\(equation)\"")
          return nil
        }
        result.append(letter)
        rest = rest.dropFirst()
      }
    } else {
      result = ellipsis + counts.filter { $0.key >= 0 && $0.value == 1 }.keys.sorted()
    }
  }

  private static func code(_ character: Character) -> Int? {
    guard let code = character.asciiValue, character.isLetter else { return nil }
    return Int(code)
  }

  private static func letters(_ term: Substring, rank: Int) -> [Int]? {
    var letters: [Int] = []
    var rest = term
    let named = term.filter { $0 != "." }.count
    let hidden = rank - named
    guard hidden >= 0 else { return nil }
    var hasEllipsis = false
    while let first = rest.first {
      if rest.hasPrefix("...") {
        guard !hasEllipsis else { return nil }
        hasEllipsis = true
        letters += (0..<hidden).map { $0 - hidden }
        rest = rest.dropFirst(3)
        continue
      }
      guard let code = code(first) else { return nil }
      letters.append(code)
      rest = rest.dropFirst()
    }
    return letters.count == rank ? letters : nil
  }

  func run(_ tensors: [Tensor]) -> Tensor {
    var tensors = zip(tensors, operands).map { withoutRepeats($0, $1) }
    while tensors.count > 1 {
      let rest = Set(tensors.dropFirst(2).flatMap(\.letters)).union(result)
      tensors.replaceSubrange(0..<2, with: [contract(tensors[0], tensors[1], keeping: rest)])
    }
    let (tensor, letters) = tensors[0]
    let summed = letters.indices.filter { !result.contains(letters[$0]) }
    let reduced = summed.isEmpty ? tensor : tensor.sum(dims: summed, dtype: tensor.dtype)
    let left = letters.filter(result.contains)
    return reduced.permute(result.compactMap(left.firstIndex))
  }

  private typealias Named = (tensor: Tensor, letters: [Int])

  /// A letter that stands twice in one operand takes its diagonal.
  private func withoutRepeats(_ tensor: Tensor, _ letters: [Int]) -> Named {
    var (tensor, letters) = (tensor, letters)
    var i = 0
    while i < letters.count {
      guard let j = letters[(i + 1)...].firstIndex(of: letters[i]) else {
        i += 1
        continue
      }
      // The diagonal comes as the last dimension.
      tensor = tensor.diagonal(dim1: i, dim2: j).movedim(-1, i)
      letters.remove(at: j)
    }
    return (tensor, letters)
  }

  /// One matrix product for two operands: letters in both and still needed are the batch, letters of one
  /// are its rows or columns, the others in both are summed.
  private func contract(_ a: Named, _ b: Named, keeping rest: Set<Int>) -> Named {
    var (a, b) = (a, b)
    let shared = Set(a.letters).intersection(b.letters)
    // A letter that only one has, and nobody needs later, is summed at once; so is one of size 1.
    func presum(_ x: Named, others: Set<Int>) -> Named {
      let dims = x.letters.indices.filter {
        !others.contains(x.letters[$0]) && !rest.contains(x.letters[$0])
      }
      if dims.isEmpty { return x }
      return (
        x.tensor.sum(dims: dims, dtype: x.tensor.dtype),
        x.letters.filter { others.contains($0) || rest.contains($0) }
      )
    }
    a = presum(a, others: shared)
    b = presum(b, others: shared)
    let batch = a.letters.filter { shared.contains($0) && rest.contains($0) }
    let inner = a.letters.filter { shared.contains($0) && !rest.contains($0) }
    let rows = a.letters.filter { !shared.contains($0) }
    let columns = b.letters.filter { !shared.contains($0) }
    func arranged(_ x: Named, _ order: [[Int]]) -> Tensor {
      let letters = order.flatMap { $0 }
      let permuted = x.tensor.permute(letters.compactMap(x.letters.firstIndex))
      // Sizes of 1 under a shared letter broadcast.
      let full = permuted.broadcast(
        to: letters.enumerated().map { i, letter in
          shared.contains(letter) ? sizes[letter] ?? 1 : permuted.shape[i]
        })
      var start = 0
      let groups = order.map { group -> Int in
        defer { start += group.count }
        return full.shape[start..<(start + group.count)].reduce(1, *)
      }
      return full.reshape(groups)
    }
    let x = arranged(a, [batch, rows, inner])
    let y = arranged(b, [batch, inner, columns])
    let letters = batch + rows + columns
    let shape = letters.map { letter -> Int in
      if shared.contains(letter) { return sizes[letter] ?? 1 }
      if let i = a.letters.firstIndex(of: letter) { return a.tensor.shape[i] }
      return b.letters.firstIndex(of: letter).map { b.tensor.shape[$0] } ?? 1
    }
    return (x.matmul(y).reshape(shape), letters)
  }
}

extension Operation {
  static let einsum = Operation(
    "einsum", .contraction,
    samples: [
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [3, 4])) {
        KobaiOperators.einsum("ij,jk->ik", $0[0], $0[1])
      },
      Sample(.uniform(-2...2, [2, 3, 3])) { KobaiOperators.einsum("...ii->...i", $0[0]) },
      Sample(.uniform(-2...2, [3, 3])) { KobaiOperators.einsum("ii", $0[0]) },
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [2, 3])) {
        KobaiOperators.einsum("bi,bi->b", $0[0], $0[1])
      },
      Sample(.uniform(-2...2, [2]), .uniform(-2...2, [3]), .uniform(-2...2, [2, 3])) {
        KobaiOperators.einsum("i,j,ij->", $0[0], $0[1], $0[2])
      },
      Sample(.uniform(-2...2, [4, 2, 3]), .uniform(-2...2, [1, 3, 2])) {
        KobaiOperators.einsum("...ij,...jk", $0[0], $0[1])
      },
    ])
}

import KobaiTensor

// Parts of a tensor along one dimension. All are views; their gradients are put together in one pass.

extension Tensor {
  /// Parts of `size` along a dimension; the last may be smaller.
  ///
  ///     Tensor([1, 2, 3, 4, 5]).split(2)   // tensor([1, 2]), tensor([3, 4]), tensor([5])
  public func split(_ size: Int, dim: Int = 0) -> [Tensor] {
    guard let (d, length) = splitDimension("split", dim) else { return [.poison] }
    guard size >= 0 else {
      return misuse(
        "split: split expects split_size be non-negative, but got split_size=\(size)",
        else: [.poison])
    }
    guard size > 0 || length == 0 else {
      return misuse(
        "split: split_size can only be 0 if dimension size is 0, but got dimension size of "
          + "\(length)", else: [.poison])
    }
    let count = length == 0 ? 1 : (length - 1) / size + 1
    return parts(d, (0..<count).map { ($0 * size, Swift.min(size, length - $0 * size)) })
  }

  /// Parts of the given sizes, which must add up to the dimension's.
  ///
  ///     Tensor([1, 2, 3]).split([1, 2])   // tensor([1]), tensor([2, 3])
  public func split(_ sizes: [Int], dim: Int = 0) -> [Tensor] {
    guard let (d, length) = splitDimension("split", dim) else { return [.poison] }
    guard sizes.allSatisfy({ $0 >= 0 }) else {
      return misuse(
        "split: split_with_sizes expects split_sizes have only non-negative entries, but got "
          + "split_sizes=\(sizes)", else: [.poison])
    }
    // What is left: it stays negative once the sizes exceed the dimension.
    guard sizes.reduce(length, { $0 < 0 ? $0 : $0 - $1 }) == 0 else {
      return misuse(
        "split: split_with_sizes expects split_sizes to sum exactly to \(length) (input tensor's "
          + "size at dimension \(dim)), but got split_sizes=\(sizes)", else: [.poison])
    }
    var start = 0
    return parts(
      d,
      sizes.map { size in
        defer { start += size }
        return (start, size)
      })
  }

  /// At most `chunks` parts of equal size; the last may be smaller.
  ///
  ///     Tensor([1, 2, 3, 4, 5]).chunk(2)   // tensor([1, 2, 3]), tensor([4, 5])
  public func chunk(_ chunks: Int, dim: Int = 0) -> [Tensor] {
    guard let (d, length) = splitDimension("chunk", dim) else { return [.poison] }
    guard chunks > 0 else {
      return misuse(
        "chunk: chunk expects `chunks` to be greater than 0, got: \(chunks)", else: [.poison])
    }
    // An empty dimension still gives the number of parts that was asked for.
    if length == 0 { return parts(d, Array(repeating: (0, 0), count: chunks)) }
    return split((length - 1) / chunks + 1, dim: d)
  }

  /// Exactly `sections` parts, the first ones larger by one where the size does not divide.
  ///
  ///     Tensor([1, 2, 3, 4, 5]).tensorSplit(3)   // tensor([1, 2]), tensor([3, 4]), tensor([5])
  public func tensorSplit(_ sections: Int, dim: Int = 0) -> [Tensor] {
    guard let (d, length) = splitDimension("tensorSplit", dim) else { return [.poison] }
    guard sections > 0 else {
      return misuse(
        "tensorSplit: number of sections must be larger than 0, got \(sections)", else: [.poison])
    }
    let (base, larger) = length.quotientAndRemainder(dividingBy: sections)
    return parts(
      d, (0..<sections).map { ($0 * base + Swift.min($0, larger), base + ($0 < larger ? 1 : 0)) })
  }

  /// The parts between the given positions, which are treated as the ends of slices.
  ///
  ///     Tensor([1, 2, 3, 4, 5]).tensorSplit([1, 4])   // tensor([1]), tensor([2, 3, 4]), tensor([5])
  public func tensorSplit(_ indices: [Int], dim: Int = 0) -> [Tensor] {
    guard let (d, length) = splitDimension("tensorSplit", dim) else { return [.poison] }
    let ends: [Int?] = indices + [nil]
    return parts(
      d,
      ends.indices.map { i in
        Region.clip(i == 0 ? 0 : ends[i - 1], ends[i], 1, size: length)
      })
  }

  /// Every index along a dimension, which disappears.
  ///
  ///     Tensor([[1, 2], [3, 4]]).unbind()   // tensor([1, 2]), tensor([3, 4])
  public func unbind(dim: Int = 0) -> [Tensor] {
    let shape = shape
    guard !shape.isEmpty else {
      return misuse(
        "unbind: Dimension specified as \(dim) but tensor has no dimensions", else: [.poison])
    }
    guard let d = Operands.dimension("unbind", dim, rank: shape.count) else { return [.poison] }
    let whole = Region(of: shape)
    return parts((0..<shape[d]).map { whole.selecting(d, $0) })
  }

  /// Exactly `sections` equal parts along the second dimension (the first of a vector).
  ///
  ///     Tensor([[1, 2], [3, 4]]).hsplit(2)   // tensor([[1], [3]]), tensor([[2], [4]])
  public func hsplit(_ sections: Int) -> [Tensor] { evenSplit("hsplit", sections, minimum: 1) }
  /// The parts between positions in the second dimension (the first of a vector).
  public func hsplit(_ indices: [Int]) -> [Tensor] { evenSplit("hsplit", indices, minimum: 1) }
  /// Exactly `sections` equal parts along the first dimension of a tensor with at least two.
  public func vsplit(_ sections: Int) -> [Tensor] { evenSplit("vsplit", sections, minimum: 2) }
  /// The parts between positions in the first dimension of a tensor with at least two.
  public func vsplit(_ indices: [Int]) -> [Tensor] { evenSplit("vsplit", indices, minimum: 2) }
  /// Exactly `sections` equal parts along the third dimension.
  public func dsplit(_ sections: Int) -> [Tensor] { evenSplit("dsplit", sections, minimum: 3) }
  /// The parts between positions in the third dimension.
  public func dsplit(_ indices: [Int]) -> [Tensor] { evenSplit("dsplit", indices, minimum: 3) }

  /// The dimension that hsplit, vsplit and dsplit divide; nil, after the misuse, if there is none.
  private func namedDimension(_ name: String, minimum: Int) -> Int? {
    guard rank >= minimum else {
      return misuse(
        "\(name): torch.\(name) requires a tensor with at least \(minimum) dimension"
          + "\(minimum == 1 ? "" : "s"), but got a tensor with \(rank) dimensions!", else: nil)
    }
    switch minimum {
    case 1: return rank == 1 ? 0 : 1
    case 2: return 0
    default: return 2
    }
  }

  private func evenSplit(_ name: String, _ sections: Int, minimum: Int) -> [Tensor] {
    guard let d = namedDimension(name, minimum: minimum) else { return [.poison] }
    guard sections > 0, shape[d] % sections == 0 else {
      return misuse(
        "\(name): torch.\(name) attempted to split along dimension \(d), but the size of the "
          + "dimension \(shape[d]) is not divisible by the split_size \(sections)!",
        else: [.poison])
    }
    return tensorSplit(sections, dim: d)
  }

  private func evenSplit(_ name: String, _ indices: [Int], minimum: Int) -> [Tensor] {
    guard let d = namedDimension(name, minimum: minimum) else { return [.poison] }
    return tensorSplit(indices, dim: d)
  }

  private func splitDimension(_ name: String, _ dim: Int) -> (Int, Int)? {
    let shape = shape
    guard !shape.isEmpty else {
      return misuse(
        "\(name): \(name) expects at least a 1-dimensional tensor, but got a tensor with 0 dims",
        else: nil)
    }
    return Operands.dimension(name, dim, rank: shape.count).map { ($0, shape[$0]) }
  }

  private func parts(_ dim: Int, _ ranges: [(start: Int, count: Int)]) -> [Tensor] {
    let whole = Region(of: shape)
    let regions = ranges.map { whole.narrowed(dim, start: $0.start, count: $0.count) }
    // Positions may be given in any order: then parts overlap.
    let isDisjoint = zip(ranges, ranges.dropFirst()).allSatisfy { $0.start + $0.count <= $1.start }
    return isDisjoint ? parts(regions) : regions.map { part($0) }
  }
}

extension Operation {
  static let split = Operation(
    "split", .movement, primitives: [Primitives.Parts.self, Primitives.JoinedParts.self],
    samples: [
      Sample(.uniform(-2...2, [5, 2]), results: { $0[0].split(2) }),
      Sample(.uniform(-2...2, [2, 5]), results: { $0[0].split([1, 0, 4], dim: -1) }),
      Sample(.uniform(-2...2, [0, 3]), results: { $0[0].split(2) }),
    ])
  static let chunk = Operation(
    "chunk", .movement,
    samples: [
      Sample(.uniform(-2...2, [5, 2]), results: { $0[0].chunk(3) }),
      Sample(.uniform(-2...2, [2, 4]), results: { $0[0].chunk(2, dim: -1) }),
    ])
  static let tensorSplit = Operation(
    "tensorSplit", .movement,
    samples: [
      Sample(.uniform(-2...2, [5, 2]), results: { $0[0].tensorSplit(3) }),
      Sample(.uniform(-2...2, [2, 5]), results: { $0[0].tensorSplit([1, 3], dim: 1) }),
      Sample(.uniform(-2...2, [2, 4]), results: { $0[0].hsplit(2) }),
      Sample(.uniform(-2...2, [4, 2]), results: { $0[0].vsplit([1]) }),
      Sample(.uniform(-2...2, [1, 2, 4]), results: { $0[0].dsplit(2) }),
    ])
  static let unbind = Operation(
    "unbind", .movement,
    samples: [
      Sample(.uniform(-2...2, [3, 2]), results: { $0[0].unbind() }),
      Sample(.uniform(-2...2, [3, 2]), results: { $0[0].unbind(dim: -1) }),
    ])
}

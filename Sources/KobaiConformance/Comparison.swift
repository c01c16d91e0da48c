import KobaiTensor

/// A result that is not what was expected.
public struct Mismatch: Error, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Comparing tensors by the rules of the cases.
package enum Comparison {
  /// Equal dtype and shape, each element within the tolerance, NaN where NaN is expected,
  /// infinities equal.
  package static func close(
    _ got: HostTensor, _ want: HostTensor, _ tolerance: Tolerance, _ what: String
  ) throws(Mismatch) {
    try sameType(got, want, what)
    if got.bytes == want.bytes { return }
    let parts = want.dtype.isComplex ? 2 : 1
    let (g, w) = (got.numbers, want.numbers)
    var (worst, worstExcess, misses) = (0, -1.0, 0)
    for i in 0..<want.count {
      var miss = excess(g, w, i * parts, parts, tolerance)
      // Integers compare as they are: a double does not hold every int64.
      if !want.dtype.isDifferentiable && miss == 0 && !got.isSame(as: want, at: i) {
        miss = Double.leastNonzeroMagnitude
      }
      guard miss > 0 else { continue }
      misses += 1
      if miss > worstExcess { (worst, worstExcess) = (i, miss) }
    }
    guard misses > 0 else { return }
    func text(_ values: [Double]) -> String {
      parts == 1 ? "\(values[worst])" : "\(values[2 * worst])+\(values[2 * worst + 1])i"
    }
    throw Mismatch(
      "\(what): \(misses) of \(want.count) elements differ; at \(want.position(of: worst)) "
        + "got \(text(g)), want \(text(w)) (rtol \(tolerance.relative), atol \(tolerance.absolute))"
    )
  }

  package static func sameType(
    _ got: HostTensor, _ want: HostTensor, _ what: String
  ) throws(Mismatch) {
    guard got.dtype == want.dtype, got.shape == want.shape else {
      throw Mismatch(
        "\(what): got \(got.dtype)\(got.shape), want \(want.dtype)\(want.shape)")
    }
    guard got.bytes.count == want.bytes.count else {
      throw Mismatch("\(what): got \(got.bytes.count) bytes, want \(want.bytes.count)")
    }
  }

  /// By how much an element of one or two parts is outside of its tolerance; ≤ 0 when it is inside.
  private static func excess(
    _ got: [Double], _ want: [Double], _ start: Int, _ parts: Int, _ tolerance: Tolerance
  ) -> Double {
    let range = start..<start + parts
    if range.allSatisfy({ got[$0] == want[$0] }) { return 0 }
    let (gotNaN, wantNaN) = (range.contains { got[$0].isNaN }, range.contains { want[$0].isNaN })
    if gotNaN || wantNaN { return gotNaN && wantNaN ? 0 : .infinity }
    var (error, size) = (0.0, 0.0)
    for i in range {
      error += (got[i] - want[i]) * (got[i] - want[i])
      size += want[i] * want[i]
    }
    // The plain difference where one part allows it: squares of small numbers lose their digits.
    let distance = parts == 1 ? abs(got[start] - want[start]) : error.squareRoot()
    let magnitude = parts == 1 ? abs(want[start]) : size.squareRoot()
    guard distance.isFinite else { return .infinity }
    return distance - (tolerance.absolute + tolerance.relative * magnitude)
  }

  /// Numbers that are not tensors.
  package static func close(_ got: Double, _ want: Double) -> Bool {
    got == want || got.isNaN && want.isNaN || abs(got - want) <= 1e-5 + 1e-5 * abs(want)
  }

  /// Values chosen by indices that equal elements leave free: `input` gathered at `indices` along
  /// `dim` must give `values`, and no element may be chosen twice.
  package static func gathered(
    _ input: HostTensor, _ indices: HostTensor, _ values: HostTensor, dim: Int,
    _ tolerance: Tolerance
  ) throws(Mismatch) {
    let rank = max(input.shape.count, 1)
    let dim = dim < 0 ? dim + rank : dim
    var shape = input.shape.isEmpty ? [1] : input.shape
    guard shape.indices.contains(dim) else { throw Mismatch("indices: no dimension \(dim)") }
    let length = shape[dim]
    let inner = shape[(dim + 1)...].reduce(1, *)
    let outer = shape[..<dim].reduce(1, *)
    // A result without the dimension has chosen one element of it.
    let chosen = outer * inner == 0 ? 0 : indices.count / (outer * inner)
    shape[dim] = chosen
    guard indices.count == outer * chosen * inner, values.count == indices.count else {
      throw Mismatch("indices: shape \(indices.shape) does not fit the input's \(input.shape)")
    }
    let (source, places, wanted) = (input.numbers, indices.numbers, values.numbers)
    for line in 0..<outer * inner {
      let (o, i) = line.quotientAndRemainder(dividingBy: inner)
      var used: Set<Int> = []
      for k in 0..<chosen {
        let at = (o * chosen + k) * inner + i
        let place = Int(places[at])
        guard (0..<length).contains(place), used.insert(place).inserted else {
          throw Mismatch("indices: \(place) is out of range or stands twice at \(at)")
        }
        let got = source[(o * length + place) * inner + i]
        guard excess([got], [wanted[at]], 0, 1, tolerance) <= 0 else {
          throw Mismatch("indices: element \(at) points at \(got) where \(wanted[at]) is the value")
        }
      }
    }
  }

  /// The same elements (or, with more dimensions, rows) in any order.
  package static func sameSet(
    _ got: HostTensor, _ want: HostTensor, _ tolerance: Tolerance
  ) throws(Mismatch) {
    try sameType(got, want, "set")
    func sorted(_ tensor: HostTensor) -> HostTensor {
      let size = tensor.dtype.size
      let width = tensor.shape.dropFirst().reduce(1, *)
      guard width > 0, tensor.count > 0 else { return tensor }
      let numbers = tensor.numbers
      let parts = numbers.count / tensor.count
      let rows = (0..<tensor.count / width).sorted { a, b in
        let (x, y) = (a * width * parts, b * width * parts)
        for i in 0..<width * parts where numbers[x + i] != numbers[y + i] {
          // NaN sorts last, as everywhere else.
          return numbers[x + i] < numbers[y + i] || numbers[y + i].isNaN && !numbers[x + i].isNaN
        }
        return false
      }
      let bytes = rows.flatMap { tensor.bytes[$0 * width * size..<($0 + 1) * width * size] }
      return HostTensor(dtype: tensor.dtype, shape: tensor.shape, bytes: bytes)
    }
    try close(sorted(got), sorted(want), tolerance, "set")
  }
}

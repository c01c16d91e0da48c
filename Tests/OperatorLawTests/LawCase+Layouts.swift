import Kobai
import KobaiTestSupport

extension LawCase {
  /// Other places for the same elements give the same results, in both precisions.
  func checkLayouts() -> [String] {
    let wide = inputs()
    var failures = check(wide).map { "\($0)" }
    let narrow = wide.map(Self.narrowed)
    if zip(narrow, wide).contains(where: { $0.dtype != $1.dtype }) {
      failures += check(narrow).map { "single precision: \($0)" }
    }
    failures += checkCotangents().map { "cotangents: \($0)" }
    return failures
  }

  private func check(_ inputs: [Tensor]) -> [String] {
    Layouting.allCases.flatMap { layouting -> [String] in
      // All inputs at once, then each alone, so that mixtures of layouts occur.
      let choices = [Array(inputs.indices)] + (inputs.count > 1 ? inputs.indices.map { [$0] } : [])
      return choices.flatMap { chosen -> [String] in
        var moved = inputs
        for i in chosen { moved[i] = layouting.apply(inputs[i]) }
        let dense = moved.map { Tensor($0.value.contiguous) }
        // A broadcast matrix is singular, and so on: then there is nothing to compare.
        guard let expected = try? recovering({ expected(dense, layouting) }) else { return [] }
        return Self.compare(sample.call(moved), expected).map { "\(layouting) \(chosen): \($0)" }
      }
    }
  }

  /// The results for inputs that lie so, from contiguous ones only.
  private func expected(_ dense: [Tensor], _ layouting: Layouting) -> [Tensor] {
    guard sample.drawsInMemoryOrder, layouting == .columnMajor else { return sample.call(dense) }
    func transposed(_ tensor: Tensor) -> Tensor { tensor.permute(tensor.shape.indices.reversed()) }
    return sample.call(dense.map { Tensor(transposed($0).value.contiguous) }).map(transposed)
  }

  private func checkCotangents() -> [String] {
    let function = function
    var random = random
    guard let gradient = function.gradient(&random) else { return [] }
    return Layouting.allCases.flatMap { layouting -> [String] in
      let moved =
        function.inputs
        + gradient.inputs.dropFirst(function.inputs.count).map { layouting.apply($0) }
      let expected = gradient.call(moved.map { Tensor($0.value.contiguous) })
      return Self.compare(gradient.call(moved), expected).map { "\(layouting): \($0)" }
    }
  }

  private static func compare(_ got: [Tensor], _ expected: [Tensor]) -> [String] {
    zip(got, expected).compactMap { got, expected in
      let bound = 32 * expected.dtype.epsilon
      return difference(
        got, expected,
        Tolerance(relative: bound, absolute: bound * max(1, expected.largestFinite)))
    }
  }
}

/// Ways to lay elements out in memory.
enum Layouting: CaseIterable {
  case columnMajor, everySecond, offset, broadcastFirst, broadcastLast

  /// The same elements (for a broadcast, repetitions of some) in another layout.
  func apply(_ tensor: Tensor) -> Tensor {
    let shape = tensor.shape
    let rank = shape.count
    guard rank > 0, tensor.count > 0 else { return tensor }
    switch self {
    case .columnMajor:
      let reversed = Array((0..<rank).reversed())
      return Tensor(tensor.permute(reversed).value.contiguous).permute(reversed)
    case .everySecond:
      return tensor.spread(every: 2, from: 1)
    case .offset:
      return tensor.spread(every: 1, from: 3)
    case .broadcastFirst, .broadcastLast:
      var strides = Layout(contiguous: shape).strides
      strides[self == .broadcastFirst ? 0 : rank - 1] = 0
      return Tensor(tensor.value.view(Layout(shape: shape, strides: strides)))
    }
  }
}

extension Tensor {
  /// The elements in a larger block whose other bytes would be noticed: NaN, −1, true.
  fileprivate func spread(every step: Int, from offset: Int) -> Tensor {
    let size = dtype.size
    let source = bytes
    var block = [UInt8](repeating: dtype == .bool ? 1 : 0xFF, count: size * (count * step + offset))
    for i in 0..<count {
      for j in 0..<size { block[(i * step + offset) * size + j] = source[i * size + j] }
    }
    let storage = Tensor(bytes: block, dtype: dtype, shape: [block.count / size])
    let layout = Layout(shape: shape, strides: Layout(contiguous: shape).strides.map { $0 * step })
    return Tensor(storage.value.view(layout, offset: offset))
  }
}

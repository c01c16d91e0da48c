import CKernels
import KobaiTensor

extension Primitives.RecurrentLayer {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (layer, isLSTM, resultCount) = (PreparedLayer(self, inputs), kind == .lstm, resultCount)
    let (bias, out) = (hasBias ? inputs.count - 1 : nil, inputs.count)
    return .onContiguous(inputs, to: outputs) { p in
      layer.run {
        kb_recurrent_forward(
          $0, p[0], p[1], bias.map { UnsafeRawPointer(p[$0]) }, p[2], isLSTM ? p[3] : nil, p[out],
          p[out + 1],
          isLSTM ? p[out + 2] : nil, p[out + resultCount], p[out + resultCount + 1])
      }
      return true
    }
  }

  func prepareGradient(
    _ operands: [StridedType], to results: [StridedType], _ places: GradientPlaces
  ) -> Prepared? {
    // All others are made from the cotangent of x.
    guard let dx = places.results[0] else { return nil }
    let (first, kept) = (places.inputs, places.outputs)
    let layer = PreparedLayer(self, Array(operands[first...]))
    let (isLSTM, resultCount, d, wanted) = (
      kind == .lstm, resultCount, places.cotangents, places.results
    )
    let bias = hasBias ? wanted[wanted.count - 1] : nil
    return .onContiguous(operands, to: results) { p in
      func given(_ place: Int?) -> UnsafeMutableRawPointer? { place.map { p[$0] } }
      layer.run {
        kb_recurrent_backward(
          $0, p[first + 1], p[first + 2], isLSTM ? p[first + 3] : nil, p[kept],
          p[kept + resultCount], p[kept + resultCount + 1], given(d[0]), given(d[1]),
          isLSTM ? given(d[2]) : nil, p[dx], given(wanted[1]), given(bias), given(wanted[2]),
          isLSTM ? given(wanted[3]) : nil)
      }
      return true
    }
  }
}

/// A layer's description with the sizes of its steps.
///
/// `@unchecked Sendable`: immutable.
private final class PreparedLayer: @unchecked Sendable {
  private let layer: UnsafeMutablePointer<kb_recurrent>
  private let sizes: UnsafeMutablePointer<Int>

  init(_ primitive: Primitives.RecurrentLayer, _ inputs: [StridedType]) {
    let batchSizes = primitive.steps.batchSizes
    sizes = .allocate(capacity: max(batchSizes.count, 1))
    sizes.initialize(from: batchSizes, count: batchSizes.count)
    layer = .allocate(capacity: 1)
    layer.initialize(
      to: kb_recurrent(
        cell: primitive.kind.code, dtype: inputs[0].dtype.code, hidden: inputs[2].shape[1],
        steps: batchSizes.count, batch_sizes: sizes, reversed: primitive.steps.isReversed))
  }

  deinit {
    layer.deallocate()
    sizes.deallocate()
  }

  func run(_ body: (UnsafePointer<kb_recurrent>) -> Void) { body(layer) }
}

import CKernels
import KobaiTensor

extension Primitives.RecurrentLayer {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (layer, out) = (PreparedLayer(self, inputs), inputs.count)
    return .onContiguous(inputs, to: outputs) { p in
      layer.run {
        kb_recurrent_forward(
          $0, p[0], p[1], p[2], hasBias ? p[biasIndex] : nil, hasBias ? p[biasIndex + 1] : nil,
          p[3],
          isLSTM ? p[4] : nil, p[out], p[out + 1], isLSTM ? p[out + 2] : nil, p[out + resultCount],
          p[out + resultCount + 1])
      }
      return true
    }
  }

  func prepareGradient(
    _ operands: [StridedType], to results: [StridedType], _ places: GradientPlaces
  ) -> Prepared? {
    let (first, kept, d, wanted) = (
      places.inputs, places.outputs, places.cotangents, places.results
    )
    let layer = PreparedLayer(self, Array(operands[first...]))
    return .onContiguous(operands, to: results) { p in
      func given(_ place: Int?) -> UnsafeMutableRawPointer? { place.map { p[$0] } }
      var to = kb_recurrent_cotangents(
        x: given(wanted[0]), weight_x: given(wanted[1]), weight_h: given(wanted[2]),
        bias_x: hasBias ? given(wanted[biasIndex]) : nil,
        bias_h: hasBias ? given(wanted[biasIndex + 1]) : nil, h: given(wanted[3]),
        c: isLSTM ? given(wanted[4]) : nil)
      layer.run {
        kb_recurrent_backward(
          $0, p[first], p[first + 1], p[first + 2], p[first + 3], isLSTM ? p[first + 4] : nil,
          p[kept], p[kept + resultCount], p[kept + resultCount + 1], given(d[0]), given(d[1]),
          isLSTM ? given(d[2]) : nil, &to)
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
        cell: primitive.kind.code, dtype: inputs[0].dtype.code, input: inputs[0].shape[1],
        hidden: inputs[3].shape[1], steps: batchSizes.count, batch_sizes: sizes,
        reversed: primitive.steps.isReversed))
  }

  deinit {
    layer.deallocate()
    sizes.deallocate()
  }

  func run(_ body: (UnsafePointer<kb_recurrent>) -> Void) { body(layer) }
}

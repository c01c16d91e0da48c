import Kobai

private let rows = [16384, 1024]
private let images = [128, 64, 56, 56]

/// Forward and the gradient of each named input. `reads` and `writes` count arrays of the first input's
/// size; a forward pass that needs a statistic of more than a cache holds reads twice.
private func both(
  _ name: String, _ shape: Shape, forward: (reads: Double, writes: Double),
  gradients: [(name: String, input: Int, reads: Double, writes: Double)],
  inputs: @escaping @Sendable (inout Draws) -> [Tensor],
  _ function: @escaping @Sendable ([Tensor]) -> Tensor
) -> [Workload] {
  let size = 4 * Double(shape.reduce(1, *))
  return [
    kernel(
      name, Work(reads: forward.reads * size, writes: forward.writes * size), inputs: inputs,
      function)
  ]
    + gradients.map {
      kernel(
        "\(name)-\($0.name)", Work(reads: $0.reads * size, writes: $0.writes * size),
        gradient: $0.input, inputs: inputs, function)
    }
}

let normalizations =
  both(
    "softmax", rows, forward: (1, 1), gradients: [("grad", 0, 2, 1)],
    inputs: { [$0.uniform(rows)] }
  ) { $0[0].softmax(dim: 1) }
  + both(
    "layer-norm", rows, forward: (1, 1), gradients: [("grad", 0, 2, 1), ("weight-grad", 1, 2, 0)],
    inputs: { [$0.uniform(rows), $0.uniform([1024]), $0.uniform([1024])] }
  ) { $0[0].layerNorm([1024], weight: $0[1], bias: $0[2]) }
  + both(
    "batch-norm", images, forward: (2, 1), gradients: [("grad", 0, 4, 1)],
    inputs: { [$0.uniform(images), $0.uniform([64]), $0.uniform([64])] }
  ) { $0[0].batchNorm(weight: $0[1], bias: $0[2], training: true) }
  + both(
    "cross-entropy", rows, forward: (1, 0), gradients: [("grad", 0, 1, 1)],
    inputs: { [$0.uniform(rows), $0.integers([16384], below: 1024)] }
  ) { crossEntropy($0[0], $0[1]) }

import Kobai

/// 16 Mi numbers, 64 MiB: what is read and written is four times a last level cache of 32 MiB and more.
private let large = [16384, 1024]
private let bytes = Double(4 * 16384 * 1024)

private func elementwise(
  _ name: String, reads: Double, shape: Shape = large, gradient: Int? = nil,
  _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor
) -> Workload {
  let isLarge = shape == large
  return kernel(
    "elementwise-" + name,
    Work(reads: isLarge ? reads * bytes : 0, writes: isLarge ? bytes : 0),
    gradient: gradient, inputs: { [$0.uniform(shape), $0.uniform(shape)] }
  ) { function($0[0], $0[1]) }
}

let elementwiseOperations = [
  elementwise("add", reads: 2) { $0 + $1 },
  elementwise("add-32x32", reads: 2, shape: [32, 32]) { $0 + $1 },
  elementwise("exp", reads: 1) { x, _ in x.exp() },
  elementwise("gelu", reads: 1) { x, _ in x.gelu() },
  elementwise("gelu-grad", reads: 2, gradient: 0) { x, _ in x.gelu() },
  elementwise("tanh-grad", reads: 2, gradient: 0) { x, _ in x.tanh() },
  elementwise("softplus", reads: 1) { x, _ in x.softplus() },
  elementwise("leaky-relu", reads: 1) { x, _ in x.leakyRelu() },
  elementwise("atan2", reads: 2) { x, y in x.atan2(y) },
  // One pass when it is fused, four when it is not; the floor is that of one.
  elementwise("chain", reads: 2) { x, y in ((x * y + x) * 0.5).tanh() },
  elementwise("chain-4096", reads: 2, shape: [4096]) { x, y in ((x * y + x) * 0.5).tanh() },
]

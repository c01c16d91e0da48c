import Kobai

/// 32 Mi numbers, 128 MiB: of 64 MiB a last level cache of 32 MiB would keep a part.
private func reduction(
  _ name: String, _ shape: Shape, _ function: @escaping @Sendable (Tensor) -> Tensor
) -> Workload {
  kernel(
    "reduce-" + name, Work(reads: 4 * Double(shape.reduce(1, *))),
    inputs: { [$0.uniform(shape)] }
  ) { function($0[0]) }
}

let reductions = [
  reduction("sum", [8192, 4096]) { $0.sum() },
  reduction("sum-dim0", [8192, 4096]) { $0.sum(dim: 0) },
  reduction("sum-dim1", [8192, 4096]) { $0.sum(dim: 1) },
  reduction("sum-middle", [512, 256, 256]) { $0.sum(dim: 1) },
  reduction("max-dim0", [8192, 4096]) { $0.amax(dim: 0) },
  reduction("max-dim1", [8192, 4096]) { $0.amax(dim: 1) },
  reduction("argmax-dim1", [8192, 4096]) { $0.argmax(dim: 1) },
  reduction("var-dim1", [8192, 4096]) { $0.var(dim: 1) },
]

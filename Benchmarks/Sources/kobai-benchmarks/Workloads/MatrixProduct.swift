import Kobai

/// A product [m, k] × [k, n], in one dtype; an operand can be the transpose of what is stored.
private func product(
  _ name: String, _ m: Int, _ k: Int, _ n: Int, _ dtype: DType = .float32,
  transposing: (Bool, Bool) = (false, false)
) -> Workload {
  kernel(
    name, Work(flops: 2 * Double(m * k * n)),
    inputs: { draws in
      let a = draws.uniform(transposing.0 ? [k, m] : [m, k]).to(dtype)
      let b = draws.uniform(transposing.1 ? [n, k] : [k, n]).to(dtype)
      return [transposing.0 ? a.t() : a, transposing.1 ? b.t() : b]
    }
  ) { $0[0].matmul($0[1]) }
}

let matrixProducts: [Workload] =
  [64, 128, 256, 512, 1024, 2048].map { product("gemm-\($0)", $0, $0, $0) }
  + [
    product("gemm-128x784x256", 128, 784, 256),
    product("gemm-2048x256x1024", 2048, 256, 1024),
    product("gemm-4096x64x64", 4096, 64, 64),
    product("gemm-1x1024x1024", 1, 1024, 1024),
    product("gemm-512-tn", 512, 512, 512, transposing: (true, false)),
    product("gemm-512-nt", 512, 512, 512, transposing: (false, true)),
    product("gemm-512-tt", 512, 512, 512, transposing: (true, true)),
    product("gemm-256-float64", 256, 256, 256, .float64),
    product("gemm-1024-float64", 1024, 1024, 1024, .float64),
    product("gemm-256-bfloat16", 256, 256, 256, .bfloat16),
    product("gemm-1024-bfloat16", 1024, 1024, 1024, .bfloat16),
  ]

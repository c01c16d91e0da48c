import CKernels
import KobaiTensor

extension Tensor {
  /// log Σ exp x over some dimensions, without overflow.
  ///
  ///     Tensor([1000.0, 1000.0]).logsumexp(dim: 0)   // tensor(1000.6931)
  ///
  /// - Returns: −inf where nothing is summed; the default dtype for integer input.
  /// - Derivative: softmax; NaN where all elements are −inf.
  public func logsumexp(dims: [Int], keepDim: Bool = false) -> Tensor {
    let x = dtype.isDifferentiable ? self : to(DType.default)
    guard !x.dtype.isComplex else {
      return misuse("logsumexp: not implemented for \(dtype); take the logarithm of the sum of exp()")
    }
    let shape = x.shape
    guard let reduced = Operands.dimensions("logsumexp", dims, rank: shape.count) else {
      return .poison
    }
    return bind(Primitives.LogSumExp(reduced: reduced, source: shape), x)
      .keepingDims(keepDim, shape, reduced)
  }

  public func logsumexp(dim: Int, keepDim: Bool = false) -> Tensor {
    logsumexp(dims: [dim], keepDim: keepDim)
  }
}

extension Primitives {
  public struct LogSumExp: Reduction {
    public static let name = "logsumexp"
    public let reduced: [Int]
    public let source: Shape

    public func shifted(reduced: [Int], source: Shape) -> LogSumExp {
      LogSumExp(reduced: reduced, source: source)
    }
    public func evaluate(_ x: Value) -> Value {
      let dtype = x.dtype.code
      return Reduced.evaluate(x, reduced, to: x.dtype) { rank, dims, flags, pointer, strides, out in
        kb_reduce(KB_REDUCE_LOGSUMEXP, dtype, dtype, rank, dims, flags, pointer, strides, out)
      }
    }
    public var residuals: Residuals { [.input, .output] }
    public func localDerivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      (x - y.broadcast(to: source)).exp()
    }
  }
}

extension Operation {
  static let logsumexp = Operation(
    "logsumexp", .reduction, primitives: [Primitives.LogSumExp.self],
    samples: [
      Sample(.uniform()) { $0[0].logsumexp(dim: -1) },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].logsumexp(dims: [0, 2], keepDim: true) },
      Sample(.uniform(-2...2, [])) { $0[0].logsumexp(dim: 0) },
      Sample(.uniform(-2...2, [0, 3])) { $0[0].logsumexp(dim: 0) },
    ])
}

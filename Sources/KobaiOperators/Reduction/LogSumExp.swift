import CKernels
import KobaiTensor

extension Tensor {
  /// log Σ exp x over some dimensions, without overflow.
  ///
  ///     Tensor([1000.0, 1000.0]).logsumexp(dim: 0)   // tensor(1000.6932)
  ///
  /// - Returns: −inf where nothing is summed; the default dtype for integer input.
  /// - Derivative: softmax; NaN where all elements are −inf.
  public func logsumexp(dims: [Int], keepDim: Bool = false) -> Tensor {
    let x = dtype.isDifferentiable ? self : to(DType.default)
    let shape = x.shape
    guard let reduced = Operands.dimensions("logsumexp", dims, rank: shape.count) else {
      return .poison
    }
    if x.dtype.isComplex { return x.complexLogSumExp(reduced, keepDim: keepDim) }
    return bind(Primitives.LogSumExp(reduced: reduced, source: shape), x)
      .keepingDims(keepDim, shape, reduced)
  }

  /// Shifted by the largest real part, which alone makes an exponential large.
  private func complexLogSumExp(_ reduced: [Int], keepDim: Bool) -> Tensor {
    var shape = shape
    for d in reduced { shape[d] = 1 }
    let real = detach().real
    var largest = real
    if real.count == 0 {
      largest = Tensor.zeros(shape, dtype: real.dtype)
    } else if !reduced.isEmpty {
      largest = real.amax(dims: reduced, keepDim: true)
    }
    let shift = Tensor.where(largest.isFinite(), largest, Tensor.zeros(like: largest))
    let sum = (self - shift).exp()
    let total = (reduced.isEmpty ? sum : sum.sum(dims: reduced, keepDim: true)).log() + shift
    return keepDim ? total : total.reshape(Reduced.dropping(self.shape, reduced))
  }

  public func logsumexp(dim: Int, keepDim: Bool = false) -> Tensor {
    logsumexp(dims: [dim], keepDim: keepDim)
  }
}

extension Primitives {
  /// log Σ eˣ of each slice, its maximum taken out first.
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
      Sample(Sample.Input(.uniform(-2...2), [0, 3], isDifferentiated: false)) {
        $0[0].logsumexp(dim: 0)
      },
    ])
}

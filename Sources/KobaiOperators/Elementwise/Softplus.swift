import KobaiTensor

extension Tensor {
  /// log(1 + exp(beta · x)) / beta of each element, and x itself where beta · x exceeds the threshold.
  ///
  ///     Tensor([0.0, 30.0]).softplus()   // tensor([0.6931, 30.0000])
  ///
  /// - Returns: same shape and dtype. Not for integers or complex numbers.
  /// - Derivative: sigmoid(beta · x), and 1 above the threshold.
  public func softplus(beta: Double = 1, threshold: Double = 20) -> Tensor {
    Tensor.unary(Primitives.Softplus(beta, threshold), self, .floatingPoint)
  }
}

extension Primitives {
  public struct Softplus: Activation {
    public static let name = "softplus"
    let beta, threshold: Double
    public let program, slope: Program
    init(_ beta: Double, _ threshold: Double) {
      self.beta = beta
      self.threshold = threshold
      let (b, limit) = (
        ElementwiseExpression.constant(beta), ElementwiseExpression.constant(threshold)
      )
      program = .unary { x in .select(.gt(x * b, limit), x, .log1p(.exp(x * b)) / b) }
      slope = .binary { dy, x in .select(.gt(x * b, limit), dy, dy * .sigmoid(x * b)) }
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      let scaled = x * beta
      return Tensor.where(scaled.gt(threshold), Tensor.ones(like: x), scaled.sigmoid())
    }
    public func curvature(_ x: Tensor) -> Tensor {
      let scaled = x * beta
      let s = scaled.sigmoid()
      return Tensor.where(scaled.gt(threshold), Tensor.zeros(like: x), beta * s * (1 - s))
    }
  }
}

extension Operation {
  static let softplus = Operation(
    "softplus", .elementwise, primitives: [Primitives.Softplus.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].softplus() },
      Sample(.uniform(-3...3)) { $0[0].softplus(beta: 2, threshold: 3) },
      Sample(.special) { $0[0].softplus() },
    ])
}

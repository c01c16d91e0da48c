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
    public let program: Program
    init(_ beta: Double, _ threshold: Double) {
      self.beta = beta
      self.threshold = threshold
      program = Self.valueProgram(beta, threshold)
    }
    private static let valueProgram = Program.Template.unary(2) { x, p in
      let scaled = x * p[0]
      return .select(.gt(scaled, p[1]), x, .log1p(.exp(scaled)) / p[0])
    }
    public var slope: Program { Self.slopeProgram(beta, threshold) }
    private static let slopeProgram = Program.Template.binary(2) { dy, x, p in
      .select(.gt(x * p[0], p[1]), dy, dy * .sigmoid(x * p[0]))
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

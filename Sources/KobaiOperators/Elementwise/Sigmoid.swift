import KobaiTensor

extension Tensor {
  /// The logistic function 1 / (1 + exp(−x)) of each element.
  ///
  ///     Tensor([0.0, 2.0]).sigmoid()   // tensor([0.5000, 0.8808])
  ///
  /// - Returns: same shape; the default dtype for integer input.
  /// - Derivative: y · (1 − y).
  @inlinable public func sigmoid() -> Tensor { Tensor.floating(Primitives.Sigmoid(), self) }

  /// log(sigmoid(x)) of each element, without overflow or loss of digits for large |x|.
  ///
  ///     Tensor([0.0, -100.0]).logSigmoid()   // tensor([-0.6931, -100.0000])
  public func logSigmoid() -> Tensor { Tensor.unary(Primitives.LogSigmoid(), self, .floatingPoint) }
}

extension Primitives {
  public struct Sigmoid: Activation {
    public static let name = "sigmoid"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.sigmoid) }
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { y * (1 - y) }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, y in dy * (y * (1 - y)) }
    public func curvature(_ y: Tensor) -> Tensor { 1 - 2 * y }
  }

  /// min(x, 0) − log1p(exp(−|x|)).
  public struct LogSigmoid: Activation {
    public static let name = "logSigmoid"
    public init() {}
    public var program: Program { Self.valueProgram }
    private static let valueProgram = Program.unary { x in
      .minimum(x, 0) - .log1p(.exp(-.abs(x)))
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { (-x).sigmoid() }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, x in dy * .sigmoid(-x) }
    public func curvature(_ x: Tensor) -> Tensor {
      let y = x.sigmoid()
      return y * (y - 1)
    }
  }
}

extension Operation {
  static let sigmoid = Operation(
    "sigmoid", .elementwise, primitives: [Primitives.Sigmoid.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].sigmoid() },
      Sample(.special) { $0[0].sigmoid() },
      Sample(.complex(-1...1)) { $0[0].sigmoid() },
    ])

  static let logSigmoid = Operation(
    "logSigmoid", .elementwise, primitives: [Primitives.LogSigmoid.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].logSigmoid() },
      Sample(.special) { $0[0].logSigmoid() },
    ])
}

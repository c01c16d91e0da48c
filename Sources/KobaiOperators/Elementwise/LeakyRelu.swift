import KobaiTensor

extension Tensor {
  /// Each element, times `negativeSlope` where it is not positive.
  ///
  ///     Tensor([-1.0, 2.0]).leakyRelu()   // tensor([-0.0100, 2.0000])
  ///
  /// - Returns: same shape and dtype. Not for integers or complex numbers.
  /// - Derivative: 1 for x > 0, else the slope (at 0 too).
  public func leakyRelu(negativeSlope: Double = 0.01) -> Tensor {
    Tensor.unary(Primitives.LeakyRelu(negativeSlope), self, .floatingPoint)
  }
}

extension Primitives {
  public struct LeakyRelu: Activation {
    public static let name = "leakyRelu"
    let negativeSlope: Double
    public let program: Program
    init(_ negativeSlope: Double) {
      self.negativeSlope = negativeSlope
      // A line that is less steep lies above the other one on the left of 0 and below it on the right.
      let isLarger = negativeSlope > 0 && negativeSlope <= 1
      program = (isLarger ? Self.largerProgram : Self.valueProgram)(negativeSlope)
    }
    private static let largerProgram = Program.Template.unary(1) { x, p in .maximum(x * p[0], x) }
    private static let valueProgram = Program.Template.unary(1) { x, p in
      .select(.gt(x, 0), x, x * p[0])
    }
    public var slope: Program { Self.slopeProgram(negativeSlope) }
    private static let slopeProgram = Program.Template.binary(1) { dy, x, p in
      dy * .select(.gt(x, 0), 1, p[0])
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      Tensor.where(x.gt(0), Tensor.ones(like: x), Tensor.full(like: x, negativeSlope))
    }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }
}

extension Operation {
  static let leakyRelu = Operation(
    "leakyRelu", .elementwise, primitives: [Primitives.LeakyRelu.self],
    samples: [
      Sample(.distinct()) { $0[0].leakyRelu() },
      Sample(.distinct()) { $0[0].leakyRelu(negativeSlope: 0.5) },
      Sample(.special) { $0[0].leakyRelu() },
    ])
}

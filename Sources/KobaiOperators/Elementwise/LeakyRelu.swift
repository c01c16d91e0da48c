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
    public let program, slope: Program
    init(_ negativeSlope: Double) {
      self.negativeSlope = negativeSlope
      let factor = ElementwiseExpression.constant(negativeSlope)
      program = .unary { x in .select(.gt(x, 0), x, x * factor) }
      slope = .binary { dy, x in .select(.gt(x, 0), dy, dy * factor) }
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

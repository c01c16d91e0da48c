import KobaiTensor

extension Tensor {
  /// x · sigmoid(x) of each element, also known as swish.
  ///
  ///     Tensor([0.0, 1.0]).silu()   // tensor([0.0000, 0.7311])
  ///
  /// - Returns: same shape and dtype. Not for integers.
  @inlinable public func silu() -> Tensor { Tensor.unary(Primitives.Silu(), self, .differentiable) }

  /// x · tanh(softplus(x)) of each element.
  ///
  ///     Tensor([0.0, 1.0]).mish()   // tensor([0.0000, 0.8651])
  public func mish() -> Tensor {
    guard let x = Domain.floatingPoint.admit("mish", self) else { return .poison }
    return x * x.softplus().tanh()
  }
}

extension Primitives {
  public struct Silu: Activation {
    public static let name = "silu"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.silu) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      let s = x.sigmoid()
      return s * (1 + x * (1 - s))
    }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, x in
      let s = ElementwiseExpression.sigmoid(x)
      return dy * (s * (1 + x * (1 - s)))
    }
    public func curvature(_ x: Tensor) -> Tensor {
      let s = x.sigmoid()
      return s * (1 - s) * (2 + x * (1 - 2 * s))
    }
  }
}

extension Operation {
  static let silu = Operation(
    "silu", .elementwise, primitives: [Primitives.Silu.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].silu() },
      Sample(.special) { $0[0].silu() },
      Sample(.complex(-1...1)) { $0[0].silu() },
    ])

  static let mish = Operation(
    "mish", .elementwise, samples: [Sample(.uniform(-3...3)) { $0[0].mish() }])
}

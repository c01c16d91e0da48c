import KobaiTensor

extension Tensor {
  /// The error function 2/√π ∫₀ˣ exp(−t²) dt of each element.
  ///
  ///     Tensor([0.0, 1.0]).erf()   // tensor([0.0000, 0.8427])
  ///
  /// - Returns: same shape; the default dtype for integer input. Not for complex numbers.
  @inlinable public func erf() -> Tensor { Tensor.unary(Primitives.Erf(), self, .real) }

  /// 1 − erf(x), exact for large x too.
  ///
  ///     Tensor([0.0, 1.0]).erfc()   // tensor([1.0000, 0.1573])
  ///
  /// - Returns: same shape; the default dtype for integer input. Not for complex numbers.
  @inlinable public func erfc() -> Tensor { Tensor.unary(Primitives.Erfc(), self, .real) }
}

extension Primitives {
  public struct Erf: Activation {
    public static let name = "erf"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.erf) }
    @inlinable public var residuals: Residuals { .input }
    static let factor = 2 / Double.pi.squareRoot()
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { (-x * x).exp() * Self.factor }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, x in
      dy * (.exp(-(x * x)) * .constant(factor))
    }
    public func curvature(_ x: Tensor) -> Tensor { -2 * x * ((-x * x).exp() * Self.factor) }
  }

  public struct Erfc: Activation {
    public static let name = "erfc"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.erfc) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { (-x * x).exp() * -Erf.factor }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, x in
      dy * (.exp(-(x * x)) * .constant(-Erf.factor))
    }
    public func curvature(_ x: Tensor) -> Tensor { 2 * x * ((-x * x).exp() * Erf.factor) }
  }
}

extension Operation {
  static let erf = Operation(
    "erf", .elementwise, primitives: [Primitives.Erf.self],
    samples: [
      Sample(.uniform()) { $0[0].erf() },
      Sample(.special) { $0[0].erf() },
    ])
  static let erfc = Operation(
    "erfc", .elementwise, primitives: [Primitives.Erfc.self],
    samples: [
      Sample(.uniform()) { $0[0].erfc() },
      Sample(.special) { $0[0].erfc() },
    ])
}

import KobaiTensor

// Exponential functions.

extension Tensor {
  /// e to the power of each element.
  ///
  ///     Tensor([0.0, 1.0]).exp()   // tensor([1.0000, 2.7183])
  ///
  /// - Returns: same shape; the default dtype for integer input.
  /// - Derivative: exp(x).
  @inlinable public func exp() -> Tensor { Tensor.floating(Primitives.Exp(), self) }

  /// 2 to the power of each element.
  ///
  ///     Tensor([0.0, 3.0]).exp2()   // tensor([1., 8.])
  ///
  /// - Returns: same shape; the default dtype for integer input.
  @inlinable public func exp2() -> Tensor { Tensor.floating(Primitives.Exp2(), self) }

  /// exp(x) − 1, exact for small x too.
  ///
  ///     Tensor([1e-10], dtype: .float64).expm1()   // tensor([1.0000e-10], dtype=float64)
  ///
  /// - Returns: same shape; the default dtype for integer input.
  @inlinable public func expm1() -> Tensor { Tensor.floating(Primitives.Expm1(), self) }
}

extension Primitives {
  public struct Exp: UnaryElementwise {
    public static let name = "exp"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.exp) }
    @inlinable public var residuals: Residuals { .output }
    @inlinable public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { y }
  }

  public struct Exp2: UnaryElementwise {
    public static let name = "exp2"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.exp2) }
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { y * Primitives.ln2 }
  }

  public struct Expm1: UnaryElementwise {
    public static let name = "expm1"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.expm1) }
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { y + 1 }
  }
}

extension Operation {
  static let exp = Operation(
    "exp", .elementwise, primitives: [Primitives.Exp.self],
    samples: [
      Sample(.uniform()) { $0[0].exp() },
      Sample(.special) { $0[0].exp() },
      Sample(.complex()) { $0[0].exp() },
    ])

  static let exp2 = Operation(
    "exp2", .elementwise, primitives: [Primitives.Exp2.self],
    samples: [
      Sample(.uniform()) { $0[0].exp2() },
      Sample(.special) { $0[0].exp2() },
      Sample(.complex()) { $0[0].exp2() },
    ])

  static let expm1 = Operation(
    "expm1", .elementwise, primitives: [Primitives.Expm1.self],
    samples: [
      Sample(.uniform()) { $0[0].expm1() },
      Sample(.special) { $0[0].expm1() },
      Sample(.complex()) { $0[0].expm1() },
    ])
}

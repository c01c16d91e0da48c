import KobaiTensor

// Trigonometric functions and their inverses, in radians. The default dtype for integer input; complex numbers too.

extension Tensor {
  /// The sine of each element.
  ///
  ///     Tensor([0.0, 1.5708]).sin()   // tensor([0., 1.])
  @inlinable public func sin() -> Tensor { Tensor.floating(Primitives.Sin(), self) }

  /// The cosine of each element.
  ///
  ///     Tensor([0.0, 1.5708]).cos()   // tensor([1.0000e+00, -3.6200e-06])
  @inlinable public func cos() -> Tensor { Tensor.floating(Primitives.Cos(), self) }

  /// The tangent of each element.
  ///
  ///     Tensor([0.0, 0.7854]).tan()   // tensor([0.0000, 1.0000])
  @inlinable public func tan() -> Tensor { Tensor.floating(Primitives.Tan(), self) }

  /// The inverse sine of each element; NaN outside of −1 ... 1 for real input.
  ///
  ///     Tensor([0.0, 1.0]).asin()   // tensor([0.0000, 1.5708])
  @inlinable public func asin() -> Tensor { Tensor.floating(Primitives.Asin(), self) }

  /// The inverse cosine of each element; NaN outside of −1 ... 1 for real input.
  ///
  ///     Tensor([0.0, 1.0]).acos()   // tensor([1.5708, 0.0000])
  @inlinable public func acos() -> Tensor { Tensor.floating(Primitives.Acos(), self) }

  /// The inverse tangent of each element.
  ///
  ///     Tensor([0.0, 1.0]).atan()   // tensor([0.0000, 0.7854])
  @inlinable public func atan() -> Tensor { Tensor.floating(Primitives.Atan(), self) }
}

extension Primitives {
  public struct Sin: UnaryElementwise {
    public static let name = "sin"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.sin) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { x.cos() }
  }

  public struct Cos: UnaryElementwise {
    public static let name = "cos"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.cos) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { -x.sin() }
  }

  public struct Tan: UnaryElementwise {
    public static let name = "tan"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.tan) }
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 + y * y }
  }

  public struct Asin: UnaryElementwise {
    public static let name = "asin"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.asin) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { (1 - x * x).rsqrt() }
  }

  public struct Acos: UnaryElementwise {
    public static let name = "acos"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.acos) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { -(1 - x * x).rsqrt() }
  }

  public struct Atan: UnaryElementwise {
    public static let name = "atan"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.atan) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 / (x * x + 1) }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dy / (x * x + 1).conjugatedIfComplex
    }
  }
}

extension Operation {
  static let sin = Operation(
    "sin", .elementwise, primitives: [Primitives.Sin.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].sin() },
      Sample(.special) { $0[0].sin() },
      Sample(.complex()) { $0[0].sin() },
    ])

  static let cos = Operation(
    "cos", .elementwise, primitives: [Primitives.Cos.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].cos() },
      Sample(.special) { $0[0].cos() },
      Sample(.complex()) { $0[0].cos() },
    ])

  static let tan = Operation(
    "tan", .elementwise, primitives: [Primitives.Tan.self],
    samples: [
      Sample(.uniform(-1...1)) { $0[0].tan() },
      Sample(.special) { $0[0].tan() },
      Sample(.complex(-1...1)) { $0[0].tan() },
    ])

  static let asin = Operation(
    "asin", .elementwise, primitives: [Primitives.Asin.self],
    samples: [
      Sample(.uniform(-0.9...0.9)) { $0[0].asin() },
      Sample(.special) { $0[0].asin() },
      Sample(.complex(-0.9...0.9)) { $0[0].asin() },
    ])

  static let acos = Operation(
    "acos", .elementwise, primitives: [Primitives.Acos.self],
    samples: [
      Sample(.uniform(-0.9...0.9)) { $0[0].acos() },
      Sample(.special) { $0[0].acos() },
      Sample(.complex(-0.9...0.9)) { $0[0].acos() },
    ])

  static let atan = Operation(
    "atan", .elementwise, primitives: [Primitives.Atan.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].atan() },
      Sample(.special) { $0[0].atan() },
      Sample(.complex(-0.9...0.9)) { $0[0].atan() },
    ])
}

import KobaiTensor

// Hyperbolic functions and their inverses. `tanh` has its own file. The default dtype for integer input; complex numbers too.

extension Tensor {
  /// The hyperbolic sine of each element.
  ///
  ///     Tensor([0.0, 1.0]).sinh()   // tensor([0.0000, 1.1752])
  @inlinable public func sinh() -> Tensor { Tensor.floating(Primitives.Sinh(), self) }

  /// The hyperbolic cosine of each element.
  ///
  ///     Tensor([0.0, 1.0]).cosh()   // tensor([1.0000, 1.5431])
  @inlinable public func cosh() -> Tensor { Tensor.floating(Primitives.Cosh(), self) }

  /// The inverse hyperbolic sine of each element.
  ///
  ///     Tensor([0.0, 1.0]).asinh()   // tensor([0.0000, 0.8814])
  @inlinable public func asinh() -> Tensor { Tensor.floating(Primitives.Asinh(), self) }

  /// The inverse hyperbolic cosine of each element; NaN below 1 for real input.
  ///
  ///     Tensor([1.0, 2.0]).acosh()   // tensor([0.0000, 1.3170])
  @inlinable public func acosh() -> Tensor { Tensor.floating(Primitives.Acosh(), self) }

  /// The inverse hyperbolic tangent of each element; infinite at ±1, NaN beyond for real input.
  ///
  ///     Tensor([0.0, 0.5]).atanh()   // tensor([0.0000, 0.5493])
  @inlinable public func atanh() -> Tensor { Tensor.floating(Primitives.Atanh(), self) }
}

extension Primitives {
  public struct Sinh: UnaryElementwise {
    public static let name = "sinh"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.sinh) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { x.cosh() }
  }

  public struct Cosh: UnaryElementwise {
    public static let name = "cosh"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.cosh) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { x.sinh() }
  }

  public struct Asinh: UnaryElementwise {
    public static let name = "asinh"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.asinh) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { (x * x + 1).rsqrt() }
  }

  public struct Acosh: UnaryElementwise {
    public static let name = "acosh"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.acosh) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      // √(x−1) √(x+1) is √(x²−1) on the real line only.
      x.dtype.isComplex ? (x + 1).rsqrt() * (x - 1).rsqrt() : (x * x - 1).rsqrt()
    }
  }

  public struct Atanh: UnaryElementwise {
    public static let name = "atanh"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.atanh) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 / (1 - x * x) }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dy / (1 - x * x).conjugatedIfComplex
    }
  }
}

extension Operation {
  static let sinh = Operation(
    "sinh", .elementwise, primitives: [Primitives.Sinh.self],
    samples: [
      Sample(.uniform(-2...2)) { $0[0].sinh() },
      Sample(.special) { $0[0].sinh() },
      Sample(.complex()) { $0[0].sinh() },
    ])

  static let cosh = Operation(
    "cosh", .elementwise, primitives: [Primitives.Cosh.self],
    samples: [
      Sample(.uniform(-2...2)) { $0[0].cosh() },
      Sample(.special) { $0[0].cosh() },
      Sample(.complex()) { $0[0].cosh() },
    ])

  static let asinh = Operation(
    "asinh", .elementwise, primitives: [Primitives.Asinh.self],
    samples: [
      Sample(.uniform(-2...2)) { $0[0].asinh() },
      Sample(.special) { $0[0].asinh() },
      Sample(.complex(-0.9...0.9)) { $0[0].asinh() },
    ])

  static let acosh = Operation(
    "acosh", .elementwise, primitives: [Primitives.Acosh.self],
    samples: [
      Sample(.uniform(1.5...4)) { $0[0].acosh() },
      Sample(.special) { $0[0].acosh() },
      Sample(.complex()) { $0[0].acosh() },
    ])

  static let atanh = Operation(
    "atanh", .elementwise, primitives: [Primitives.Atanh.self],
    samples: [
      Sample(.uniform(-0.9...0.9)) { $0[0].atanh() },
      Sample(.special) { $0[0].atanh() },
      Sample(.complex(-0.9...0.9)) { $0[0].atanh() },
    ])
}

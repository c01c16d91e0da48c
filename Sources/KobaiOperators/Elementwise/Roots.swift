import KobaiTensor

// Square root, its reciprocal, the reciprocal.

extension Tensor {
  /// The square root of each element; NaN for negative real numbers.
  ///
  ///     Tensor([4.0, 9.0]).sqrt()   // tensor([2., 3.])
  ///
  /// - Returns: same shape; the default dtype for integer input.
  /// - Derivative: 1 / (2√x); infinite at 0.
  @inlinable public func sqrt() -> Tensor { Tensor.floating(Primitives.Sqrt(), self) }

  /// The reciprocal of the square root of each element; infinite at 0.
  ///
  ///     Tensor([4.0, 0.25]).rsqrt()   // tensor([0.5000, 2.0000])
  ///
  /// - Returns: same shape; the default dtype for integer input.
  @inlinable public func rsqrt() -> Tensor { Tensor.floating(Primitives.Rsqrt(), self) }

  /// One over each element; infinite at 0.
  ///
  ///     Tensor([2, 4]).reciprocal()   // tensor([0.5000, 0.2500])
  ///
  /// - Returns: same shape; the default dtype for integer input.
  @inlinable public func reciprocal() -> Tensor { Tensor.floating(Primitives.Reciprocal(), self) }
}

extension Primitives {
  public struct Sqrt: UnaryElementwise {
    public static let name = "sqrt"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.sqrt) }
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 / (2 * y) }
    /// A division: a cotangent of 0 at x = 0 gives NaN, as in PyTorch.
    @inlinable public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dy / (2 * y).conjugatedIfComplex
    }
  }

  public struct Rsqrt: UnaryElementwise {
    public static let name = "rsqrt"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.rsqrt) }
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { -0.5 * y.pow(3) }
  }

  public struct Reciprocal: UnaryElementwise {
    public static let name = "reciprocal"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.reciprocal) }
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { -(y * y) }
  }
}

extension Operation {
  static let sqrt = Operation(
    "sqrt", .elementwise, primitives: [Primitives.Sqrt.self],
    samples: [
      Sample(.uniform(0.5...4)) { $0[0].sqrt() },
      Sample(.special) { $0[0].sqrt() },
      Sample(.complex()) { $0[0].sqrt() },
    ])

  static let rsqrt = Operation(
    "rsqrt", .elementwise, primitives: [Primitives.Rsqrt.self],
    samples: [
      Sample(.uniform(0.5...4)) { $0[0].rsqrt() },
      Sample(.special) { $0[0].rsqrt() },
      Sample(.complex()) { $0[0].rsqrt() },
    ])

  static let reciprocal = Operation(
    "reciprocal", .elementwise, primitives: [Primitives.Reciprocal.self],
    samples: [
      Sample(.uniform(0.5...4)) { $0[0].reciprocal() },
      Sample(.special) { $0[0].reciprocal() },
      Sample(.complex(0.5...2)) { $0[0].reciprocal() },
    ])
}

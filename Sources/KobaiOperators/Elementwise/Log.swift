import KobaiTensor

// Logarithms: −inf at 0, NaN below for real input.

extension Tensor {
  /// The natural logarithm of each element.
  ///
  ///     Tensor([1.0, 2.718281828]).log()   // tensor([0., 1.])
  ///
  /// - Returns: same shape; the default dtype for integer input. −inf at 0, NaN below for real input.
  /// - Derivative: 1 / x.
  @inlinable public func log() -> Tensor { Tensor.floating(Primitives.Log(), self) }

  /// The logarithm of each element to base 2.
  ///
  ///     Tensor([1.0, 8.0]).log2()   // tensor([0., 3.])
  @inlinable public func log2() -> Tensor { Tensor.floating(Primitives.Log2(), self) }

  /// The logarithm of each element to base 10.
  ///
  ///     Tensor([1.0, 1000.0]).log10()   // tensor([0., 3.])
  @inlinable public func log10() -> Tensor { Tensor.floating(Primitives.Log10(), self) }

  /// log(1 + x), exact for small x too.
  ///
  ///     Tensor([1e-10], dtype: .float64).log1p()   // tensor([1.0000e-10], dtype=float64)
  @inlinable public func log1p() -> Tensor { Tensor.floating(Primitives.Log1p(), self) }
}

extension Primitives {
  static let ln2 = 0.693147180559945309417232121458
  static let ln10 = 2.30258509299404568401799145468

  public struct Log: UnaryElementwise {
    public static let name = "log"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.log) }
    @inlinable public var residuals: Residuals { .input }
    @inlinable public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 / x }
    @inlinable public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dy / x.conjugatedIfComplex
    }
  }

  public struct Log2: UnaryElementwise {
    public static let name = "log2"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.log2) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 / (x * Primitives.ln2) }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dy / (x * Primitives.ln2).conjugatedIfComplex
    }
  }

  public struct Log10: UnaryElementwise {
    public static let name = "log10"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.log10) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 / (x * Primitives.ln10) }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dy / (x * Primitives.ln10).conjugatedIfComplex
    }
  }

  public struct Log1p: UnaryElementwise {
    public static let name = "log1p"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.log1p) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 / (x + 1) }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dy / (x + 1).conjugatedIfComplex
    }
  }
}

extension Operation {
  static let log = Operation(
    "log", .elementwise, primitives: [Primitives.Log.self],
    samples: [
      Sample(.uniform(0.5...4)) { $0[0].log() },
      Sample(.special) { $0[0].log() },
      Sample(.complex(0.5...2)) { $0[0].log() },
    ])

  static let log2 = Operation(
    "log2", .elementwise, primitives: [Primitives.Log2.self],
    samples: [
      Sample(.uniform(0.5...4)) { $0[0].log2() },
      Sample(.special) { $0[0].log2() },
      Sample(.complex(0.5...2)) { $0[0].log2() },
    ])

  static let log10 = Operation(
    "log10", .elementwise, primitives: [Primitives.Log10.self],
    samples: [
      Sample(.uniform(0.5...4)) { $0[0].log10() },
      Sample(.special) { $0[0].log10() },
      Sample(.complex(0.5...2)) { $0[0].log10() },
    ])

  static let log1p = Operation(
    "log1p", .elementwise, primitives: [Primitives.Log1p.self],
    samples: [
      Sample(.uniform(-0.5...4)) { $0[0].log1p() },
      Sample(.special) { $0[0].log1p() },
      Sample(.complex(0...2)) { $0[0].log1p() },
    ])
}

import KobaiTensor

// Which elements are NaN, infinite, finite … Any dtype; the result is bool.

extension Tensor {
  /// Where an element is not a number (for complex numbers: a part is not).
  ///
  ///     Tensor([1, Double.nan]).isNaN()   // tensor([False, True])
  public func isNaN() -> Tensor { bind(Primitives.IsNaN(), self) }

  /// Where an element is infinite (for complex numbers: a part is).
  ///
  ///     Tensor([1, -Double.infinity]).isInf()   // tensor([False, True])
  public func isInf() -> Tensor { bind(Primitives.IsInf(), self) }

  /// Where an element is neither infinite nor NaN.
  ///
  ///     Tensor([1, Double.nan]).isFinite()   // tensor([True, False])
  public func isFinite() -> Tensor { bind(Primitives.IsFinite(), self) }

  /// Where an element is +∞. Not for complex numbers.
  public func isPosInf() -> Tensor {
    guard !dtype.isComplex else {
      return misuse("isPosInf: does not support complex inputs; use .isInf()")
    }
    return dtype.isFloatingPoint ? eq(Double.infinity) : isInf()
  }

  /// Where an element is −∞. Not for complex numbers.
  public func isNegInf() -> Tensor {
    guard !dtype.isComplex else {
      return misuse("isNegInf: does not support complex inputs; use .isInf()")
    }
    return dtype.isFloatingPoint ? eq(-Double.infinity) : isInf()
  }

  /// Where an element has no imaginary part; everywhere for a real tensor.
  public func isReal() -> Tensor {
    dtype.isComplex ? imag.eq(0) : Tensor.ones(like: self, dtype: .bool)
  }

  /// Where the sign bit is set: negative numbers and −0. Not for complex numbers.
  ///
  ///     Tensor([-1.0, -0.0, 0.0]).signbit()   // tensor([True, True, False])
  public func signbit() -> Tensor {
    guard !dtype.isComplex else {
      return misuse("signbit: is not implemented for complex tensors; take .real or .imag")
    }
    guard dtype.isFloatingPoint else { return lt(0) }
    return Tensor.ones(like: self).copysign(detach()).lt(0)
  }
}

extension Primitives {
  public struct IsNaN: PiecewiseConstant {
    public static let name = "isNaN"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.isNaN) }
  }
  public struct IsInf: PiecewiseConstant {
    public static let name = "isInf"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.isInfinite) }
  }
  public struct IsFinite: PiecewiseConstant {
    public static let name = "isFinite"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.isFinite) }
  }
}

extension Operation {
  static let isNaN = Operation(
    "isNaN", .elementwise, primitives: [Primitives.IsNaN.self],
    samples: [
      Sample(.special) { $0[0].isNaN() },
      Sample(.integers(0..<3, [2, 3])) { $0[0].isNaN() },
      Sample(.complex()) { $0[0].isNaN() },
    ])
  static let isInf = Operation(
    "isInf", .elementwise, primitives: [Primitives.IsInf.self],
    samples: [Sample(.special) { $0[0].isInf() }, Sample(.complex()) { $0[0].isInf() }])
  static let isFinite = Operation(
    "isFinite", .elementwise, primitives: [Primitives.IsFinite.self],
    samples: [Sample(.special) { $0[0].isFinite() }, Sample(.complex()) { $0[0].isFinite() }])
  static let isPosInf = Operation(
    "isPosInf", .elementwise, samples: [Sample(.special) { $0[0].isPosInf() }])
  static let isNegInf = Operation(
    "isNegInf", .elementwise, samples: [Sample(.special) { $0[0].isNegInf() }])
  static let isReal = Operation(
    "isReal", .elementwise,
    samples: [Sample(.complex()) { $0[0].isReal() }, Sample(.uniform()) { $0[0].isReal() }])
  static let signbit = Operation(
    "signbit", .elementwise,
    samples: [
      Sample(.special) { $0[0].signbit() }, Sample(.integers(-2..<2, [4])) { $0[0].signbit() },
    ])
}

import KobaiTensor

// Comparisons: bool results; shapes broadcast and dtypes promote for the comparison.

extension Tensor {
  /// Where corresponding elements are equal. NaN equals nothing.
  ///
  ///     Tensor([1, 2]).eq(2)   // tensor([False, True])
  @inlinable public func eq(_ y: some TensorOperand) -> Tensor {
    Tensor.elementwise(Primitives.Eq(), self, y.operand)
  }
  /// Where corresponding elements differ.
  @inlinable public func ne(_ y: some TensorOperand) -> Tensor {
    Tensor.elementwise(Primitives.Ne(), self, y.operand)
  }
  /// Where an element is less than its counterpart. Not for complex numbers.
  public func lt(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Lt(), self, y.operand)
  }
  /// Where an element is at most its counterpart. Not for complex numbers.
  public func le(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Le(), self, y.operand)
  }
  /// Where an element is greater than its counterpart. Not for complex numbers.
  public func gt(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Gt(), self, y.operand)
  }
  /// Where an element is at least its counterpart. Not for complex numbers.
  public func ge(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Ge(), self, y.operand)
  }

  static func ordered<P: BinaryElementwise>(_ primitive: P, _ x: Tensor, _ y: Tensor) -> Tensor {
    // Marks name the dtype of live tensors and numbers too.
    guard !x.value.meta.dtype.isComplex && !y.value.meta.dtype.isComplex else {
      return misuse("\(P.name): complex numbers have no order; compare .abs() or .real")
    }
    return elementwise(primitive, x, y)
  }

  // Generic: beside a concrete overload, Swift would not consider the generic ones of its numbers, and
  // `2.5 > 1` would be a tensor.

  /// `x.lt(y)`
  public static func < <Y: TensorOperand>(x: Tensor, y: Y) -> Tensor { x.lt(y) }
  /// `x.le(y)`
  public static func <= <Y: TensorOperand>(x: Tensor, y: Y) -> Tensor { x.le(y) }
  /// `x.gt(y)`
  public static func > <Y: TensorOperand>(x: Tensor, y: Y) -> Tensor { x.gt(y) }
  /// `x.ge(y)`
  public static func >= <Y: TensorOperand>(x: Tensor, y: Y) -> Tensor { x.ge(y) }
  public static func < <S: TensorScalar>(x: S, y: Tensor) -> Tensor { y.gt(x) }
  public static func <= <S: TensorScalar>(x: S, y: Tensor) -> Tensor { y.ge(x) }
  public static func > <S: TensorScalar>(x: S, y: Tensor) -> Tensor { y.lt(x) }
  public static func >= <S: TensorScalar>(x: S, y: Tensor) -> Tensor { y.le(x) }

  /// Where corresponding elements are equal.
  ///
  ///     Tensor([1, 2]) .== 2   // tensor([False, True])
  public static func .== (x: Tensor, y: Tensor) -> Tensor { x.eq(y) }
  /// Where corresponding elements differ.
  public static func .!= (x: Tensor, y: Tensor) -> Tensor { x.ne(y) }
  public static func .== <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x.eq(y) }
  public static func .!= <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x.ne(y) }
}

extension Primitives {
  public struct Eq: BinaryPredicate {
    public static let name = "eq"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.eq) }
  }
  public struct Ne: BinaryPredicate {
    public static let name = "ne"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.ne) }
  }
  public struct Lt: BinaryPredicate {
    public static let name = "lt"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.lt) }
  }
  public struct Le: BinaryPredicate {
    public static let name = "le"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.le) }
  }
  public struct Gt: BinaryPredicate {
    public static let name = "gt"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.gt) }
  }
  public struct Ge: BinaryPredicate {
    public static let name = "ge"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.ge) }
  }
}

extension Operation {
  static let eq = Operation(
    "eq", .elementwise, primitives: [Primitives.Eq.self],
    samples: [
      Sample(.integers(0..<3, [2, 3]), .integers(0..<3, [3])) { $0[0].eq($0[1]) },
      Sample(.special) { $0[0].eq(1) },
      Sample(.complex()) { $0[0].eq($0[0]) },
    ])
  static let ne = Operation(
    "ne", .elementwise, primitives: [Primitives.Ne.self],
    samples: [
      Sample(.integers(0..<3, [2, 3]), .integers(0..<3, [3])) { $0[0].ne($0[1]) },
      Sample(.special) { $0[0].ne(1) },
      Sample(.complex()) { $0[0].ne($0[0]) },
    ])
  static let lt = Operation(
    "lt", .elementwise, primitives: [Primitives.Lt.self],
    samples: [
      Sample(.integers(0..<3, [2, 3]), .integers(0..<3, [3])) { $0[0].lt($0[1]) },
      Sample(.special) { $0[0].lt(1) },
    ])
  static let le = Operation(
    "le", .elementwise, primitives: [Primitives.Le.self],
    samples: [
      Sample(.integers(0..<3, [2, 3]), .integers(0..<3, [3])) { $0[0].le($0[1]) },
      Sample(.special) { $0[0].le(1) },
    ])
  static let gt = Operation(
    "gt", .elementwise, primitives: [Primitives.Gt.self],
    samples: [
      Sample(.integers(0..<3, [2, 3]), .integers(0..<3, [3])) { $0[0].gt($0[1]) },
      Sample(.special) { $0[0].gt(1) },
    ])
  static let ge = Operation(
    "ge", .elementwise, primitives: [Primitives.Ge.self],
    samples: [
      Sample(.integers(0..<3, [2, 3]), .integers(0..<3, [3])) { $0[0].ge($0[1]) },
      Sample(.special) { $0[0].ge(1) },
    ])
}

import KobaiTensor

// Comparisons: bool results; shapes broadcast and dtypes promote for the comparison.

extension Tensor {
  /// Where corresponding elements are equal. NaN equals nothing.
  ///
  ///     Tensor([1, 2]).eq(2)   // tensor([False, True])
  @inlinable public func eq(_ y: Tensor) -> Tensor { Tensor.elementwise(Primitives.Eq(), self, y) }
  /// Where corresponding elements differ.
  @inlinable public func ne(_ y: Tensor) -> Tensor { Tensor.elementwise(Primitives.Ne(), self, y) }
  /// Where an element is less than its counterpart. Not for complex numbers.
  public func lt(_ y: Tensor) -> Tensor { Tensor.ordered(Primitives.Lt(), self, y) }
  /// Where an element is at most its counterpart. Not for complex numbers.
  public func le(_ y: Tensor) -> Tensor { Tensor.ordered(Primitives.Le(), self, y) }
  /// Where an element is greater than its counterpart. Not for complex numbers.
  public func gt(_ y: Tensor) -> Tensor { Tensor.ordered(Primitives.Gt(), self, y) }
  /// Where an element is at least its counterpart. Not for complex numbers.
  public func ge(_ y: Tensor) -> Tensor { Tensor.ordered(Primitives.Ge(), self, y) }

  static func ordered<P: BinaryElementwise>(_ primitive: P, _ x: Tensor, _ y: Tensor) -> Tensor {
    guard !x.dtype.isComplex && !y.dtype.isComplex else {
      return misuse("\(P.name): complex numbers have no order; compare .abs() or .real")
    }
    return elementwise(primitive, x, y)
  }

  public static func < (x: Tensor, y: Tensor) -> Tensor { x.lt(y) }
  public static func <= (x: Tensor, y: Tensor) -> Tensor { x.le(y) }
  public static func > (x: Tensor, y: Tensor) -> Tensor { x.gt(y) }
  public static func >= (x: Tensor, y: Tensor) -> Tensor { x.ge(y) }
  public static func < <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x.lt(Tensor(weak: y)) }
  public static func <= <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x.le(Tensor(weak: y)) }
  public static func > <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x.gt(Tensor(weak: y)) }
  public static func >= <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x.ge(Tensor(weak: y)) }
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

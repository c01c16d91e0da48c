import KobaiTensor

// Logical operations: any dtype is read as bool (nonzero, NaN too, is true); the result is bool.

extension Tensor {
  /// Where both are true.
  public func logicalAnd(_ y: Tensor) -> Tensor {
    Tensor.elementwise(Primitives.LogicalAnd(), self, y)
  }
  /// Where either is true.
  public func logicalOr(_ y: Tensor) -> Tensor {
    Tensor.elementwise(Primitives.LogicalOr(), self, y)
  }
  /// Where exactly one is true.
  public func logicalXor(_ y: Tensor) -> Tensor {
    Tensor.elementwise(Primitives.LogicalXor(), self, y)
  }
  /// Where an element is false or zero.
  ///
  ///     Tensor([0.0, 2.0]).logicalNot()   // tensor([True, False])
  public func logicalNot() -> Tensor { bind(Primitives.LogicalNot(), self) }
}

extension Primitives {
  public struct LogicalAnd: BinaryPredicate {
    public static let name = "logicalAnd"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.logicalAnd) }
  }
  public struct LogicalOr: BinaryPredicate {
    public static let name = "logicalOr"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.logicalOr) }
  }
  public struct LogicalXor: BinaryPredicate {
    public static let name = "logicalXor"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.logicalXor) }
  }
  public struct LogicalNot: PiecewiseConstant {
    public static let name = "logicalNot"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.logicalNot) }
  }
}

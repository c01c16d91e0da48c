import KobaiTensor

// Logical operations: any dtype is read as bool (nonzero, NaN too, is true); the result is bool.

extension Tensor {
  /// Where both are true.
  public func logicalAnd(_ y: some TensorOperand) -> Tensor {
    Tensor.elementwise(Primitives.LogicalAnd(), self, y.operand)
  }
  /// Where either is true.
  public func logicalOr(_ y: some TensorOperand) -> Tensor {
    Tensor.elementwise(Primitives.LogicalOr(), self, y.operand)
  }
  /// Where exactly one is true.
  public func logicalXor(_ y: some TensorOperand) -> Tensor {
    Tensor.elementwise(Primitives.LogicalXor(), self, y.operand)
  }
  /// Where an element is false or zero.
  ///
  ///     Tensor([0.0, 2.0]).logicalNot()   // tensor([True, False])
  public func logicalNot() -> Tensor { bind(Primitives.LogicalNot(), self) }

  /// `x.logicalNot()`: inverts a mask.
  public static prefix func ! (x: Tensor) -> Tensor { x.logicalNot() }
  /// `x.logicalNot()`: inverts a mask, as for Swift's SIMD masks.
  public static prefix func .! (x: Tensor) -> Tensor { x.logicalNot() }
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

extension Operation {
  static let logicalAnd = Operation(
    "logicalAnd", .elementwise, primitives: [Primitives.LogicalAnd.self],
    samples: [
      Sample(.bools(), .bools([3])) { $0[0].logicalAnd($0[1]) },
      Sample(.special) { $0[0].logicalAnd(0) },
    ])
  static let logicalOr = Operation(
    "logicalOr", .elementwise, primitives: [Primitives.LogicalOr.self],
    samples: [
      Sample(.bools(), .bools([3])) { $0[0].logicalOr($0[1]) },
      Sample(.special) { $0[0].logicalOr(0) },
    ])
  static let logicalXor = Operation(
    "logicalXor", .elementwise, primitives: [Primitives.LogicalXor.self],
    samples: [
      Sample(.bools(), .bools([3])) { $0[0].logicalXor($0[1]) },
      Sample(.special) { $0[0].logicalXor(0) },
    ])
  static let logicalNot = Operation(
    "logicalNot", .elementwise, primitives: [Primitives.LogicalNot.self],
    samples: [Sample(.bools()) { !$0[0] }, Sample(.special) { $0[0].logicalNot() }])
}

import KobaiTensor

// Operations on the bits of integers; `&`, `|`, `^`, `~` of bool tensors combine masks.

extension Tensor {
  /// The bits that are set in both. Integers and bool only.
  ///
  ///     Tensor([6, 5]) & 3   // tensor([2, 1])
  public static func & (x: Tensor, y: Tensor) -> Tensor { bits(Primitives.BitwiseAnd(), x, y) }
  /// The bits that are set in either. Integers and bool only.
  ///
  ///     Tensor([6, 5]) | 1   // tensor([7, 5])
  public static func | (x: Tensor, y: Tensor) -> Tensor { bits(Primitives.BitwiseOr(), x, y) }
  /// The bits that are set in exactly one. Integers and bool only.
  ///
  ///     Tensor([6, 5]) ^ 1   // tensor([7, 4])
  public static func ^ (x: Tensor, y: Tensor) -> Tensor { bits(Primitives.BitwiseXor(), x, y) }
  /// All bits inverted: −x − 1 of a signed integer, "not" of a bool.
  ///
  ///     ~Tensor([0, 5])   // tensor([-1, -6])
  public static prefix func ~ (x: Tensor) -> Tensor { x.bitwiseNot() }
  // Generic: beside a concrete overload, Swift would not consider the generic one of its integers, and
  // `1 << 20` would be a tensor.

  /// Each integer times 2 to the power of y; 0 once all bits are shifted out.
  ///
  ///     Tensor([1, 3]) << 2   // tensor([4, 12])
  public static func << <Y: TensorOperand>(x: Tensor, y: Y) -> Tensor {
    shift(Primitives.ShiftLeft(), x, y.operand)
  }
  /// Each integer divided by 2 to the power of y, rounded down.
  ///
  ///     Tensor([-8, 9]) >> 1   // tensor([-4, 4])
  public static func >> <Y: TensorOperand>(x: Tensor, y: Y) -> Tensor {
    shift(Primitives.ShiftRight(), x, y.operand)
  }

  public static func & <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x & y.operand }
  public static func | <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x | y.operand }
  public static func ^ <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x ^ y.operand }

  /// `x & y`.
  public func bitwiseAnd(_ y: some TensorOperand) -> Tensor { self & y.operand }
  /// `x | y`.
  public func bitwiseOr(_ y: some TensorOperand) -> Tensor { self | y.operand }
  /// `x ^ y`.
  public func bitwiseXor(_ y: some TensorOperand) -> Tensor { self ^ y.operand }
  /// `x << y`.
  public func bitwiseLeftShift(_ y: some TensorOperand) -> Tensor { self << y.operand }
  /// `x >> y`.
  public func bitwiseRightShift(_ y: some TensorOperand) -> Tensor { self >> y.operand }

  /// `~x`.
  public func bitwiseNot() -> Tensor {
    guard !dtype.isDifferentiable else { return Self.refuseBits("bitwise_not", dtype) }
    return bind(Primitives.BitwiseNot(), self)
  }

  private static func bits<P: BinaryElementwise>(_ primitive: P, _ x: Tensor, _ y: Tensor) -> Tensor
  {
    let dtype = Operands.resultType([x.resolved, y.resolved])
    guard !dtype.isDifferentiable else { return refuseBits(P.name, dtype) }
    return elementwise(primitive, x, y)
  }

  private static func shift<P: BinaryElementwise>(_ primitive: P, _ x: Tensor, _ y: Tensor)
    -> Tensor
  {
    let dtype = Operands.resultType([x.resolved, y.resolved])
    guard dtype.isInteger else { return refuseBits(P.name, dtype) }
    return elementwise(primitive, x, y)
  }

  private static func refuseBits(_ name: String, _ dtype: DType) -> Tensor {
    misuse(
      "\(name): not implemented for '\(dtype.torchName)' (\(dtype)): only integers"
        + "\(name.hasPrefix("bitwise") ? " and bool" : "") have bits; convert with .to(.int64)")
  }
}

extension Primitives {
  public struct BitwiseAnd: BinaryPredicate {
    public static let name = "bitwise_and"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.bitwiseAnd) }
  }
  public struct BitwiseOr: BinaryPredicate {
    public static let name = "bitwise_or"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.bitwiseOr) }
  }
  public struct BitwiseXor: BinaryPredicate {
    public static let name = "bitwise_xor"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.bitwiseXor) }
  }
  public struct ShiftLeft: BinaryPredicate {
    public static let name = "left_shift"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.shiftLeft) }
  }
  public struct ShiftRight: BinaryPredicate {
    public static let name = "right_shift"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.shiftRight) }
  }
  public struct BitwiseNot: PiecewiseConstant {
    public static let name = "bitwise_not"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.bitwiseNot) }
  }
}

extension Operation {
  static let bitwiseAnd = Operation(
    "bitwiseAnd", .elementwise, primitives: [Primitives.BitwiseAnd.self],
    samples: [
      Sample(.integers(-9..<9, [2, 3]), .integers(-9..<9, [3])) { $0[0] & $0[1] },
      Sample(.bools(), .bools()) { $0[0] & $0[1] },
    ])
  static let bitwiseOr = Operation(
    "bitwiseOr", .elementwise, primitives: [Primitives.BitwiseOr.self],
    samples: [
      Sample(.integers(-9..<9, [2, 3]), .integers(-9..<9, [3])) { $0[0] | $0[1] },
      Sample(.bools(), .bools()) { $0[0] | $0[1] },
    ])
  static let bitwiseXor = Operation(
    "bitwiseXor", .elementwise, primitives: [Primitives.BitwiseXor.self],
    samples: [
      Sample(.integers(-9..<9, [2, 3]), .integers(-9..<9, [3])) { $0[0] ^ $0[1] },
      Sample(.bools(), .bools()) { $0[0] ^ $0[1] },
    ])
  static let bitwiseNot = Operation(
    "bitwiseNot", .elementwise, primitives: [Primitives.BitwiseNot.self],
    samples: [
      Sample(.integers(-9..<9, [2, 3])) { ~$0[0] }, Sample(.bools()) { ~$0[0] },
    ])
  static let bitwiseLeftShift = Operation(
    "bitwiseLeftShift", .elementwise, primitives: [Primitives.ShiftLeft.self],
    samples: [Sample(.integers(-9..<9, [2, 3]), .integers(0..<5, [3])) { $0[0] << $0[1] }])
  static let bitwiseRightShift = Operation(
    "bitwiseRightShift", .elementwise, primitives: [Primitives.ShiftRight.self],
    samples: [Sample(.integers(-9..<9, [2, 3]), .integers(0..<5, [3])) { $0[0] >> $0[1] }])
}

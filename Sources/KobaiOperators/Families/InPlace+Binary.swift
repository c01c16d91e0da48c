import KobaiTensor

// Compound operators and in-place forms of operations on two tensors; see `update(_:by:)` for what they
// keep to.

extension Tensor {
  /// In place: `x = x + y`.
  @inlinable
  public static func += (x: inout Tensor, y: Tensor) {
    x.update("add_", Primitives.Add(), y) { $0 + y }
  }
  @inlinable
  public static func += <S: TensorScalar>(x: inout Tensor, y: S) { x += y.operand }
  /// In place: `x = x - y`.
  @inlinable
  public static func -= (x: inout Tensor, y: Tensor) {
    x.update("sub_", Primitives.Sub(), y) { $0 - y }
  }
  @inlinable
  public static func -= <S: TensorScalar>(x: inout Tensor, y: S) { x -= y.operand }
  /// In place: `x = x * y`.
  @inlinable
  public static func *= (x: inout Tensor, y: Tensor) {
    x.update("mul_", Primitives.Mul(), y) { $0 * y }
  }
  @inlinable
  public static func *= <S: TensorScalar>(x: inout Tensor, y: S) { x *= y.operand }
  /// In place: `x = x / y`.
  @inlinable
  public static func /= (x: inout Tensor, y: Tensor) {
    x.update("div_", Primitives.Div(), y) { $0 / y }
  }
  @inlinable
  public static func /= <S: TensorScalar>(x: inout Tensor, y: S) { x /= y.operand }
  /// In place: `x = x % y`.
  public static func %= (x: inout Tensor, y: Tensor) {
    x.update("remainder_", Primitives.Remainder(), y) { $0 % y }
  }
  public static func %= <S: TensorScalar>(x: inout Tensor, y: S) { x %= y.operand }

  /// In place, with a gradient that may be missing: `w -= w.grad`.
  public static func -= (x: inout Tensor, y: Tensor?) {
    guard let y else {
      return misuse(
        "sub_: the gradient is nil; call backward() on a result that depends on it first", else: ())
    }
    x -= y
  }

  /// In place: `x = x & y`.
  public static func &= (x: inout Tensor, y: Tensor) { x.update("bitwiseAnd_") { $0 & y } }
  public static func &= <S: TensorScalar>(x: inout Tensor, y: S) { x &= y.operand }
  /// In place: `x = x | y`.
  public static func |= (x: inout Tensor, y: Tensor) { x.update("bitwiseOr_") { $0 | y } }
  public static func |= <S: TensorScalar>(x: inout Tensor, y: S) { x |= y.operand }
  /// In place: `x = x ^ y`.
  public static func ^= (x: inout Tensor, y: Tensor) { x.update("bitwiseXor_") { $0 ^ y } }
  public static func ^= <S: TensorScalar>(x: inout Tensor, y: S) { x ^= y.operand }
  /// In place: `x = x << y`.
  public static func <<= (x: inout Tensor, y: Tensor) { x.update("bitwiseLeftShift_") { $0 << y } }
  public static func <<= <S: TensorScalar>(x: inout Tensor, y: S) { x <<= y.operand }
  /// In place: `x = x >> y`.
  public static func >>= (x: inout Tensor, y: Tensor) { x.update("bitwiseRightShift_") { $0 >> y } }
  public static func >>= <S: TensorScalar>(x: inout Tensor, y: S) { x >>= y.operand }
}

extension Tensor {
  /// In place: `x = x + alpha · y`.
  public mutating func add_<Alpha: TensorOperand>(_ y: some TensorOperand, alpha: Alpha = 1) {
    let (y, alpha) = (y.operand, alpha.operand)
    if alpha.isOne { self += y } else { update("add_") { $0.add(y, alpha: alpha) } }
  }
  /// In place: `x = x − alpha · y`.
  public mutating func sub_<Alpha: TensorOperand>(_ y: some TensorOperand, alpha: Alpha = 1) {
    let (y, alpha) = (y.operand, alpha.operand)
    if alpha.isOne { self -= y } else { update("sub_") { $0.sub(y, alpha: alpha) } }
  }
  /// In place: `x = x * y`.
  public mutating func mul_(_ y: some TensorOperand) { self *= y.operand }
  /// In place: `x = x.div(y, roundingMode:)`.
  public mutating func div_(_ y: some TensorOperand, roundingMode: RoundingMode? = nil) {
    let y = y.operand
    if roundingMode == nil {
      self /= y
    } else {
      update("div_") { $0.div(y, roundingMode: roundingMode) }
    }
  }
  /// In place: `x = x ** y`.
  public mutating func pow_(_ y: some TensorOperand) {
    let y = y.operand
    update("pow_", Primitives.Pow(), y) { $0.pow(y) }
  }
  /// In place: `x = x % y`.
  public mutating func remainder_(_ y: some TensorOperand) { self %= y.operand }
  /// In place: `x = x.fmod(y)`.
  public mutating func fmod_(_ y: some TensorOperand) {
    let y = y.operand
    update("fmod_", Primitives.Fmod(), y) { $0.fmod(y) }
  }
  /// In place: `x = x.floorDivide(y)`.
  public mutating func floorDivide_(_ y: some TensorOperand) {
    let y = y.operand
    update("floorDivide_", Primitives.FloorDiv(), y) { $0.floorDivide(y) }
  }
  /// In place: `x = x.atan2(y)`.
  public mutating func atan2_(_ y: some TensorOperand) {
    let y = y.operand
    update("atan2_", Primitives.Atan2(), y) { $0.atan2(y) }
  }
  /// In place: `x = x.hypot(y)`.
  public mutating func hypot_(_ y: some TensorOperand) {
    let y = y.operand
    update("hypot_", Primitives.Hypot(), y) { $0.hypot(y) }
  }
  /// In place: `x = x.copysign(y)`.
  public mutating func copysign_(_ y: some TensorOperand) {
    let y = y.operand
    update("copysign_", Primitives.Copysign(), y) { $0.copysign(y) }
  }
  /// In place: `x = x.xlogy(y)`.
  public mutating func xlogy_(_ y: some TensorOperand) {
    let y = y.operand
    update("xlogy_", Primitives.Xlogy(), y) { $0.xlogy(y) }
  }
  /// In place: `x = x.floatPower(y)`.
  public mutating func floatPower_(_ y: some TensorOperand) {
    let y = y.operand
    update("floatPower_") { $0.floatPower(y) }
  }
  /// In place: `x = x.eq(y)`, in the tensor's dtype.
  public mutating func eq_(_ y: some TensorOperand) {
    let y = y.operand
    update("eq_") { $0.eq(y) }
  }
  /// In place: `x = x.ne(y)`, in the tensor's dtype.
  public mutating func ne_(_ y: some TensorOperand) {
    let y = y.operand
    update("ne_") { $0.ne(y) }
  }
  /// In place: `x = x.lt(y)`, in the tensor's dtype.
  public mutating func lt_(_ y: some TensorOperand) {
    let y = y.operand
    update("lt_") { $0.lt(y) }
  }
  /// In place: `x = x.le(y)`, in the tensor's dtype.
  public mutating func le_(_ y: some TensorOperand) {
    let y = y.operand
    update("le_") { $0.le(y) }
  }
  /// In place: `x = x.gt(y)`, in the tensor's dtype.
  public mutating func gt_(_ y: some TensorOperand) {
    let y = y.operand
    update("gt_") { $0.gt(y) }
  }
  /// In place: `x = x.ge(y)`, in the tensor's dtype.
  public mutating func ge_(_ y: some TensorOperand) {
    let y = y.operand
    update("ge_") { $0.ge(y) }
  }
  /// In place: `x = x.logicalAnd(y)`, in the tensor's dtype.
  public mutating func logicalAnd_(_ y: some TensorOperand) {
    let y = y.operand
    update("logicalAnd_") { $0.logicalAnd(y) }
  }
  /// In place: `x = x.logicalOr(y)`, in the tensor's dtype.
  public mutating func logicalOr_(_ y: some TensorOperand) {
    let y = y.operand
    update("logicalOr_") { $0.logicalOr(y) }
  }
  /// In place: `x = x.logicalXor(y)`, in the tensor's dtype.
  public mutating func logicalXor_(_ y: some TensorOperand) {
    let y = y.operand
    update("logicalXor_") { $0.logicalXor(y) }
  }
  /// In place: `x = x.bitwiseAnd(y)`.
  public mutating func bitwiseAnd_(_ y: some TensorOperand) {
    let y = y.operand
    update("bitwiseAnd_") { $0.bitwiseAnd(y) }
  }
  /// In place: `x = x.bitwiseOr(y)`.
  public mutating func bitwiseOr_(_ y: some TensorOperand) {
    let y = y.operand
    update("bitwiseOr_") { $0.bitwiseOr(y) }
  }
  /// In place: `x = x.bitwiseXor(y)`.
  public mutating func bitwiseXor_(_ y: some TensorOperand) {
    let y = y.operand
    update("bitwiseXor_") { $0.bitwiseXor(y) }
  }
  /// In place: `x = x.bitwiseLeftShift(y)`.
  public mutating func bitwiseLeftShift_(_ y: some TensorOperand) {
    let y = y.operand
    update("bitwiseLeftShift_") { $0.bitwiseLeftShift(y) }
  }
  /// In place: `x = x.bitwiseRightShift(y)`.
  public mutating func bitwiseRightShift_(_ y: some TensorOperand) {
    let y = y.operand
    update("bitwiseRightShift_") { $0.bitwiseRightShift(y) }
  }
  /// In place: `x = x.lerp(end, weight:)`.
  public mutating func lerp_(_ end: Tensor, weight: some TensorOperand) {
    let weight = weight.operand
    update("lerp_") { $0.lerp(end, weight: weight) }
  }
  /// In place: `x = x.addcmul(a, b, value:)`.
  public mutating func addcmul_<S: TensorOperand>(_ a: Tensor, _ b: Tensor, value: S = 1) {
    update("addcmul_") { $0.addcmul(a, b, value: value) }
  }
  /// In place: `x = x.addcdiv(a, b, value:)`.
  public mutating func addcdiv_<S: TensorOperand>(_ a: Tensor, _ b: Tensor, value: S = 1) {
    update("addcdiv_") { $0.addcdiv(a, b, value: value) }
  }

  /// The number 1.
  fileprivate var isOne: Bool { isNumber && value.dtype == .int64 && value.bits == 1 }
}

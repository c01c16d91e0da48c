import CKernels

// The instructions, as opcodes and as the functions that expressions are written with.

extension Opcode {
  @inlinable public static var copy: Opcode { Opcode(KB_OP_copy) }
  @inlinable public static var neg: Opcode { Opcode(KB_OP_neg) }
  @inlinable public static var abs: Opcode { Opcode(KB_OP_abs) }
  @inlinable public static var sign: Opcode { Opcode(KB_OP_sign) }
  @inlinable public static var square: Opcode { Opcode(KB_OP_square) }
  @inlinable public static var sqrt: Opcode { Opcode(KB_OP_sqrt) }
  @inlinable public static var rsqrt: Opcode { Opcode(KB_OP_rsqrt) }
  @inlinable public static var reciprocal: Opcode { Opcode(KB_OP_reciprocal) }
  @inlinable public static var exp: Opcode { Opcode(KB_OP_exp) }
  @inlinable public static var exp2: Opcode { Opcode(KB_OP_exp2) }
  @inlinable public static var expm1: Opcode { Opcode(KB_OP_expm1) }
  @inlinable public static var log: Opcode { Opcode(KB_OP_log) }
  @inlinable public static var log2: Opcode { Opcode(KB_OP_log2) }
  @inlinable public static var log10: Opcode { Opcode(KB_OP_log10) }
  @inlinable public static var log1p: Opcode { Opcode(KB_OP_log1p) }
  @inlinable public static var sin: Opcode { Opcode(KB_OP_sin) }
  @inlinable public static var cos: Opcode { Opcode(KB_OP_cos) }
  @inlinable public static var tan: Opcode { Opcode(KB_OP_tan) }
  @inlinable public static var asin: Opcode { Opcode(KB_OP_asin) }
  @inlinable public static var acos: Opcode { Opcode(KB_OP_acos) }
  @inlinable public static var atan: Opcode { Opcode(KB_OP_atan) }
  @inlinable public static var sinh: Opcode { Opcode(KB_OP_sinh) }
  @inlinable public static var cosh: Opcode { Opcode(KB_OP_cosh) }
  @inlinable public static var tanh: Opcode { Opcode(KB_OP_tanh) }
  @inlinable public static var asinh: Opcode { Opcode(KB_OP_asinh) }
  @inlinable public static var acosh: Opcode { Opcode(KB_OP_acosh) }
  @inlinable public static var atanh: Opcode { Opcode(KB_OP_atanh) }
  @inlinable public static var sigmoid: Opcode { Opcode(KB_OP_sigmoid) }
  @inlinable public static var relu: Opcode { Opcode(KB_OP_relu) }
  @inlinable public static var silu: Opcode { Opcode(KB_OP_silu) }
  @inlinable public static var gelu: Opcode { Opcode(KB_OP_gelu) }
  @inlinable public static var geluTanh: Opcode { Opcode(KB_OP_gelu_tanh) }
  @inlinable public static var erf: Opcode { Opcode(KB_OP_erf) }
  @inlinable public static var erfc: Opcode { Opcode(KB_OP_erfc) }
  @inlinable public static var floor: Opcode { Opcode(KB_OP_floor) }
  @inlinable public static var ceil: Opcode { Opcode(KB_OP_ceil) }
  @inlinable public static var trunc: Opcode { Opcode(KB_OP_trunc) }
  @inlinable public static var round: Opcode { Opcode(KB_OP_round) }
  @inlinable public static var conj: Opcode { Opcode(KB_OP_conj) }
  @inlinable public static var bitwiseNot: Opcode { Opcode(KB_OP_bitwise_not) }
  @inlinable public static var logicalNot: Opcode { Opcode(KB_OP_logical_not, predicate: true) }
  @inlinable public static var isNaN: Opcode { Opcode(KB_OP_isnan, predicate: true) }
  @inlinable public static var isInfinite: Opcode { Opcode(KB_OP_isinf, predicate: true) }
  @inlinable public static var isFinite: Opcode { Opcode(KB_OP_isfinite, predicate: true) }
  @inlinable public static var add: Opcode { Opcode(KB_OP_add) }
  @inlinable public static var sub: Opcode { Opcode(KB_OP_sub) }
  @inlinable public static var mul: Opcode { Opcode(KB_OP_mul) }
  @inlinable public static var div: Opcode { Opcode(KB_OP_div) }
  @inlinable public static var floorDiv: Opcode { Opcode(KB_OP_floor_div) }
  @inlinable public static var truncDiv: Opcode { Opcode(KB_OP_trunc_div) }
  @inlinable public static var remainder: Opcode { Opcode(KB_OP_remainder) }
  @inlinable public static var fmod: Opcode { Opcode(KB_OP_fmod) }
  @inlinable public static var pow: Opcode { Opcode(KB_OP_pow) }
  @inlinable public static var maximum: Opcode { Opcode(KB_OP_maximum) }
  @inlinable public static var minimum: Opcode { Opcode(KB_OP_minimum) }
  @inlinable public static var fmax: Opcode { Opcode(KB_OP_fmax) }
  @inlinable public static var fmin: Opcode { Opcode(KB_OP_fmin) }
  @inlinable public static var atan2: Opcode { Opcode(KB_OP_atan2) }
  @inlinable public static var hypot: Opcode { Opcode(KB_OP_hypot) }
  @inlinable public static var copysign: Opcode { Opcode(KB_OP_copysign) }
  /// The first operand, or 0 where the second is 0.
  @inlinable public static var reluSlope: Opcode { Opcode(KB_OP_relu_slope) }
  @inlinable public static var geluSlope: Opcode { Opcode(KB_OP_gelu_slope) }
  @inlinable public static var geluTanhSlope: Opcode { Opcode(KB_OP_gelu_tanh_slope) }
  @inlinable public static var xlogy: Opcode { Opcode(KB_OP_xlogy) }
  @inlinable public static var bitwiseAnd: Opcode { Opcode(KB_OP_bitwise_and) }
  @inlinable public static var bitwiseOr: Opcode { Opcode(KB_OP_bitwise_or) }
  @inlinable public static var bitwiseXor: Opcode { Opcode(KB_OP_bitwise_xor) }
  @inlinable public static var shiftLeft: Opcode { Opcode(KB_OP_shift_left) }
  @inlinable public static var shiftRight: Opcode { Opcode(KB_OP_shift_right) }
  @inlinable public static var eq: Opcode { Opcode(KB_OP_eq, predicate: true) }
  @inlinable public static var ne: Opcode { Opcode(KB_OP_ne, predicate: true) }
  @inlinable public static var lt: Opcode { Opcode(KB_OP_lt, predicate: true) }
  @inlinable public static var le: Opcode { Opcode(KB_OP_le, predicate: true) }
  @inlinable public static var gt: Opcode { Opcode(KB_OP_gt, predicate: true) }
  @inlinable public static var ge: Opcode { Opcode(KB_OP_ge, predicate: true) }
  @inlinable public static var logicalAnd: Opcode { Opcode(KB_OP_logical_and, predicate: true) }
  @inlinable public static var logicalOr: Opcode { Opcode(KB_OP_logical_or, predicate: true) }
  @inlinable public static var logicalXor: Opcode { Opcode(KB_OP_logical_xor, predicate: true) }
  @inlinable public static var fma: Opcode { Opcode(KB_OP_fma) }
  @inlinable public static var clamp: Opcode { Opcode(KB_OP_clamp) }
  @inlinable public static var select: Opcode { Opcode(KB_OP_select) }
}

extension ElementwiseExpression {
  public static prefix func - (x: Self) -> Self { .apply(.neg, [x]) }
  public static func abs(_ x: Self) -> Self { .apply(.abs, [x]) }
  public static func sign(_ x: Self) -> Self { .apply(.sign, [x]) }
  public static func square(_ x: Self) -> Self { .apply(.square, [x]) }
  public static func sqrt(_ x: Self) -> Self { .apply(.sqrt, [x]) }
  public static func rsqrt(_ x: Self) -> Self { .apply(.rsqrt, [x]) }
  public static func reciprocal(_ x: Self) -> Self { .apply(.reciprocal, [x]) }
  public static func exp(_ x: Self) -> Self { .apply(.exp, [x]) }
  public static func exp2(_ x: Self) -> Self { .apply(.exp2, [x]) }
  public static func expm1(_ x: Self) -> Self { .apply(.expm1, [x]) }
  public static func log(_ x: Self) -> Self { .apply(.log, [x]) }
  public static func log2(_ x: Self) -> Self { .apply(.log2, [x]) }
  public static func log10(_ x: Self) -> Self { .apply(.log10, [x]) }
  public static func log1p(_ x: Self) -> Self { .apply(.log1p, [x]) }
  public static func sin(_ x: Self) -> Self { .apply(.sin, [x]) }
  public static func cos(_ x: Self) -> Self { .apply(.cos, [x]) }
  public static func tan(_ x: Self) -> Self { .apply(.tan, [x]) }
  public static func asin(_ x: Self) -> Self { .apply(.asin, [x]) }
  public static func acos(_ x: Self) -> Self { .apply(.acos, [x]) }
  public static func atan(_ x: Self) -> Self { .apply(.atan, [x]) }
  public static func sinh(_ x: Self) -> Self { .apply(.sinh, [x]) }
  public static func cosh(_ x: Self) -> Self { .apply(.cosh, [x]) }
  public static func tanh(_ x: Self) -> Self { .apply(.tanh, [x]) }
  public static func asinh(_ x: Self) -> Self { .apply(.asinh, [x]) }
  public static func acosh(_ x: Self) -> Self { .apply(.acosh, [x]) }
  public static func atanh(_ x: Self) -> Self { .apply(.atanh, [x]) }
  public static func sigmoid(_ x: Self) -> Self { .apply(.sigmoid, [x]) }
  public static func relu(_ x: Self) -> Self { .apply(.relu, [x]) }
  public static func silu(_ x: Self) -> Self { .apply(.silu, [x]) }
  public static func gelu(_ x: Self) -> Self { .apply(.gelu, [x]) }
  public static func geluTanh(_ x: Self) -> Self { .apply(.geluTanh, [x]) }
  public static func erf(_ x: Self) -> Self { .apply(.erf, [x]) }
  public static func erfc(_ x: Self) -> Self { .apply(.erfc, [x]) }
  public static func floor(_ x: Self) -> Self { .apply(.floor, [x]) }
  public static func ceil(_ x: Self) -> Self { .apply(.ceil, [x]) }
  public static func trunc(_ x: Self) -> Self { .apply(.trunc, [x]) }
  public static func round(_ x: Self) -> Self { .apply(.round, [x]) }
  public static func conj(_ x: Self) -> Self { .apply(.conj, [x]) }
  public static func bitwiseNot(_ x: Self) -> Self { .apply(.bitwiseNot, [x]) }
  public static func logicalNot(_ x: Self) -> Self { .apply(.logicalNot, [x]) }
  public static func isNaN(_ x: Self) -> Self { .apply(.isNaN, [x]) }
  public static func isInfinite(_ x: Self) -> Self { .apply(.isInfinite, [x]) }
  public static func isFinite(_ x: Self) -> Self { .apply(.isFinite, [x]) }
  public static func + (x: Self, y: Self) -> Self { .apply(.add, [x, y]) }
  public static func - (x: Self, y: Self) -> Self { .apply(.sub, [x, y]) }
  public static func * (x: Self, y: Self) -> Self { .apply(.mul, [x, y]) }
  public static func / (x: Self, y: Self) -> Self { .apply(.div, [x, y]) }
  public static func floorDiv(_ x: Self, _ y: Self) -> Self {
    .apply(.floorDiv, [x, y])
  }
  public static func truncDiv(_ x: Self, _ y: Self) -> Self {
    .apply(.truncDiv, [x, y])
  }
  public static func remainder(_ x: Self, _ y: Self) -> Self {
    .apply(.remainder, [x, y])
  }
  public static func fmod(_ x: Self, _ y: Self) -> Self {
    .apply(.fmod, [x, y])
  }
  public static func pow(_ x: Self, _ y: Self) -> Self {
    .apply(.pow, [x, y])
  }
  public static func maximum(_ x: Self, _ y: Self) -> Self {
    .apply(.maximum, [x, y])
  }
  public static func minimum(_ x: Self, _ y: Self) -> Self {
    .apply(.minimum, [x, y])
  }
  public static func fmax(_ x: Self, _ y: Self) -> Self {
    .apply(.fmax, [x, y])
  }
  public static func fmin(_ x: Self, _ y: Self) -> Self {
    .apply(.fmin, [x, y])
  }
  public static func atan2(_ x: Self, _ y: Self) -> Self {
    .apply(.atan2, [x, y])
  }
  public static func hypot(_ x: Self, _ y: Self) -> Self {
    .apply(.hypot, [x, y])
  }
  public static func copysign(_ x: Self, _ y: Self) -> Self {
    .apply(.copysign, [x, y])
  }
  public static func xlogy(_ x: Self, _ y: Self) -> Self {
    .apply(.xlogy, [x, y])
  }
  public static func bitwiseAnd(_ x: Self, _ y: Self) -> Self {
    .apply(.bitwiseAnd, [x, y])
  }
  public static func bitwiseOr(_ x: Self, _ y: Self) -> Self {
    .apply(.bitwiseOr, [x, y])
  }
  public static func bitwiseXor(_ x: Self, _ y: Self) -> Self {
    .apply(.bitwiseXor, [x, y])
  }
  public static func shiftLeft(_ x: Self, _ y: Self) -> Self {
    .apply(.shiftLeft, [x, y])
  }
  public static func shiftRight(_ x: Self, _ y: Self) -> Self {
    .apply(.shiftRight, [x, y])
  }
  public static func eq(_ x: Self, _ y: Self) -> Self {
    .apply(.eq, [x, y])
  }
  public static func ne(_ x: Self, _ y: Self) -> Self {
    .apply(.ne, [x, y])
  }
  public static func lt(_ x: Self, _ y: Self) -> Self {
    .apply(.lt, [x, y])
  }
  public static func le(_ x: Self, _ y: Self) -> Self {
    .apply(.le, [x, y])
  }
  public static func gt(_ x: Self, _ y: Self) -> Self {
    .apply(.gt, [x, y])
  }
  public static func ge(_ x: Self, _ y: Self) -> Self {
    .apply(.ge, [x, y])
  }
  public static func logicalAnd(_ x: Self, _ y: Self) -> Self {
    .apply(.logicalAnd, [x, y])
  }
  public static func logicalOr(_ x: Self, _ y: Self) -> Self {
    .apply(.logicalOr, [x, y])
  }
  public static func logicalXor(_ x: Self, _ y: Self) -> Self {
    .apply(.logicalXor, [x, y])
  }
  public static func fma(_ x: Self, _ y: Self, _ z: Self) -> Self {
    .apply(.fma, [x, y, z])
  }
  public static func clamp(_ x: Self, _ y: Self, _ z: Self) -> Self {
    .apply(.clamp, [x, y, z])
  }
  public static func select(_ x: Self, _ y: Self, _ z: Self) -> Self {
    .apply(.select, [x, y, z])
  }
}

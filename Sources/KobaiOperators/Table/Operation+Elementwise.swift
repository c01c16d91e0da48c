extension Operation {
  static let elementwise: [Operation] = [
    abs, acos, acosh, add, addcdiv, addcmul, angle, asin, asinh, atan, atan2, atanh, bitwiseAnd,
    bitwiseLeftShift, bitwiseNot, bitwiseOr, bitwiseRightShift, bitwiseXor, ceil, celu, clamp,
    clampMax, clampMin, complex, conj, copysign, cos, cosh, div, elu, eq, erf, erfc, exp, exp2,
    expm1,
    floatPower, floor, floorDivide, fmax, fmin, fmod, frac, ge, gelu, gt, hardshrink, hardsigmoid,
    hardswish, hardtanh, hypot, imag, isClose, isFinite, isInf, isNaN, isNegInf, isPosInf, isReal,
    le,
    leakyRelu, lerp, log, log10, log1p, log2, logSigmoid, logaddexp, logaddexp2, logicalAnd,
    logicalNot,
    logicalOr, logicalXor, lt, maximum, minimum, mish, mul, nanToNum, ne, neg, polar, pow, real,
    reciprocal, relu, relu6, remainder, round, rsqrt, selu, sgn, sigmoid, sign, signbit, silu, sin,
    sinh, softplus, softshrink, softsign, sqrt, square, sub, tan, tanh, tanhshrink, threshold,
    trunc,
    xlogy,
  ]
}

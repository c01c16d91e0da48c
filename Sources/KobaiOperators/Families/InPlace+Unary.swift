import KobaiTensor

// In-place forms of operations on one tensor; see `update(_:by:)` for what they keep to.

extension Tensor {
  /// In place: `x = x.abs()`.
  public mutating func abs_() { update("abs_", Primitives.Abs()) { $0.abs() } }
  /// In place: `x = x.neg()`.
  public mutating func neg_() { update("neg_", Primitives.Neg()) { $0.neg() } }
  /// In place: `x = x.exp()`.
  public mutating func exp_() { update("exp_", Primitives.Exp()) { $0.exp() } }
  /// In place: `x = x.exp2()`.
  public mutating func exp2_() { update("exp2_", Primitives.Exp2()) { $0.exp2() } }
  /// In place: `x = x.expm1()`.
  public mutating func expm1_() { update("expm1_", Primitives.Expm1()) { $0.expm1() } }
  /// In place: `x = x.log()`.
  public mutating func log_() { update("log_", Primitives.Log()) { $0.log() } }
  /// In place: `x = x.log2()`.
  public mutating func log2_() { update("log2_", Primitives.Log2()) { $0.log2() } }
  /// In place: `x = x.log10()`.
  public mutating func log10_() { update("log10_", Primitives.Log10()) { $0.log10() } }
  /// In place: `x = x.log1p()`.
  public mutating func log1p_() { update("log1p_", Primitives.Log1p()) { $0.log1p() } }
  /// In place: `x = x.sqrt()`.
  public mutating func sqrt_() { update("sqrt_", Primitives.Sqrt()) { $0.sqrt() } }
  /// In place: `x = x.rsqrt()`.
  public mutating func rsqrt_() { update("rsqrt_", Primitives.Rsqrt()) { $0.rsqrt() } }
  /// In place: `x = x.square()`.
  public mutating func square_() { update("square_", Primitives.Square()) { $0.square() } }
  /// In place: `x = x.reciprocal()`.
  public mutating func reciprocal_() {
    update("reciprocal_", Primitives.Reciprocal()) { $0.reciprocal() }
  }
  /// In place: `x = x.sin()`.
  public mutating func sin_() { update("sin_", Primitives.Sin()) { $0.sin() } }
  /// In place: `x = x.cos()`.
  public mutating func cos_() { update("cos_", Primitives.Cos()) { $0.cos() } }
  /// In place: `x = x.tan()`.
  public mutating func tan_() { update("tan_", Primitives.Tan()) { $0.tan() } }
  /// In place: `x = x.asin()`.
  public mutating func asin_() { update("asin_", Primitives.Asin()) { $0.asin() } }
  /// In place: `x = x.acos()`.
  public mutating func acos_() { update("acos_", Primitives.Acos()) { $0.acos() } }
  /// In place: `x = x.atan()`.
  public mutating func atan_() { update("atan_", Primitives.Atan()) { $0.atan() } }
  /// In place: `x = x.sinh()`.
  public mutating func sinh_() { update("sinh_", Primitives.Sinh()) { $0.sinh() } }
  /// In place: `x = x.cosh()`.
  public mutating func cosh_() { update("cosh_", Primitives.Cosh()) { $0.cosh() } }
  /// In place: `x = x.tanh()`.
  public mutating func tanh_() { update("tanh_", Primitives.Tanh()) { $0.tanh() } }
  /// In place: `x = x.asinh()`.
  public mutating func asinh_() { update("asinh_", Primitives.Asinh()) { $0.asinh() } }
  /// In place: `x = x.acosh()`.
  public mutating func acosh_() { update("acosh_", Primitives.Acosh()) { $0.acosh() } }
  /// In place: `x = x.atanh()`.
  public mutating func atanh_() { update("atanh_", Primitives.Atanh()) { $0.atanh() } }
  /// In place: `x = x.sigmoid()`.
  public mutating func sigmoid_() { update("sigmoid_", Primitives.Sigmoid()) { $0.sigmoid() } }
  /// In place: `x = x.relu()`.
  public mutating func relu_() { update("relu_", Primitives.Relu()) { $0.relu() } }
  /// In place: `x = x.silu()`.
  public mutating func silu_() { update("silu_", Primitives.Silu()) { $0.silu() } }
  /// In place: `x = x.erf()`.
  public mutating func erf_() { update("erf_", Primitives.Erf()) { $0.erf() } }
  /// In place: `x = x.erfc()`.
  public mutating func erfc_() { update("erfc_", Primitives.Erfc()) { $0.erfc() } }
  /// In place: `x = x.sign()`.
  public mutating func sign_() { update("sign_", Primitives.Sign()) { $0.sign() } }
  /// In place: `x = x.floor()`.
  public mutating func floor_() { update("floor_", Primitives.Floor()) { $0.floor() } }
  /// In place: `x = x.ceil()`.
  public mutating func ceil_() { update("ceil_", Primitives.Ceil()) { $0.ceil() } }
  /// In place: `x = x.trunc()`.
  public mutating func trunc_() { update("trunc_", Primitives.Trunc()) { $0.trunc() } }
  /// In place: `x = x.sgn()`.
  public mutating func sgn_() { update("sgn_") { $0.sgn() } }
  /// In place: `x = x.frac()`.
  public mutating func frac_() { update("frac_") { $0.frac() } }
  /// In place: `x = x.conj()`.
  public mutating func conj_() { update("conj_") { $0.conj() } }
  /// In place: `x = x.selu()`.
  public mutating func selu_() { update("selu_") { $0.selu() } }
  /// In place: `x = x.hardsigmoid()`.
  public mutating func hardsigmoid_() { update("hardsigmoid_") { $0.hardsigmoid() } }
  /// In place: `x = x.hardswish()`.
  public mutating func hardswish_() { update("hardswish_") { $0.hardswish() } }
  /// In place: `x = x.relu6()`.
  public mutating func relu6_() { update("relu6_") { $0.relu6() } }
  /// In place: `x = x.mish()`.
  public mutating func mish_() { update("mish_") { $0.mish() } }

  /// In place: `x = x.round(decimals:)`.
  public mutating func round_(decimals: Int = 0) {
    if decimals == 0 {
      update("round_", Primitives.Round()) { $0.round() }
    } else {
      update("round_") { $0.round(decimals: decimals) }
    }
  }
  /// In place: `x = x.leakyRelu(negativeSlope:)`.
  public mutating func leakyRelu_(negativeSlope: Double = 0.01) {
    update("leakyRelu_") { $0.leakyRelu(negativeSlope: negativeSlope) }
  }
  /// In place: `x = x.elu(alpha:)`.
  public mutating func elu_(alpha: Double = 1) { update("elu_") { $0.elu(alpha: alpha) } }
  /// In place: `x = x.celu(alpha:)`.
  public mutating func celu_(alpha: Double = 1) { update("celu_") { $0.celu(alpha: alpha) } }
  /// In place: `x = x.hardtanh(minVal:maxVal:)`.
  public mutating func hardtanh_(minVal: Double = -1, maxVal: Double = 1) {
    update("hardtanh_") { $0.hardtanh(minVal: minVal, maxVal: maxVal) }
  }
  /// In place: `x = x.threshold(_:value:)`.
  public mutating func threshold_(_ threshold: Double, value: Double) {
    update("threshold_") { $0.threshold(threshold, value: value) }
  }
  /// In place: `x = x.clamp(min:max:)`.
  public mutating func clamp_<Low: TensorOperand, High: TensorOperand>(
    min: Low? = Tensor?.none, max: High? = Tensor?.none
  ) {
    update("clamp_") { $0.clamp(min: min, max: max) }
  }
  /// In place: `x = x.clampMin(_:)`.
  public mutating func clampMin_(_ min: some TensorOperand) {
    update("clampMin_") { $0.clampMin(min) }
  }
  /// In place: `x = x.clampMax(_:)`.
  public mutating func clampMax_(_ max: some TensorOperand) {
    update("clampMax_") { $0.clampMax(max) }
  }
  /// In place: `x = x.nanToNum(nan:posInf:negInf:)`.
  public mutating func nanToNum_(nan: Double = 0, posInf: Double? = nil, negInf: Double? = nil) {
    update("nanToNum_") { $0.nanToNum(nan: nan, posInf: posInf, negInf: negInf) }
  }
  /// In place: `x = x.bitwiseNot()`.
  public mutating func bitwiseNot_() { update("bitwiseNot_") { $0.bitwiseNot() } }
  /// In place: `x = x.logicalNot()`, in the tensor's dtype.
  public mutating func logicalNot_() { update("logicalNot_") { $0.logicalNot() } }

  /// Every element becomes 0.
  public mutating func zero_() { fill_(0) }

  /// Every element becomes `value`, a number or a rank-0 tensor, converted to the tensor's dtype.
  ///
  ///     var x = Tensor([1, 2])
  ///     x.fill_(7)   // x is now tensor([7, 7])
  ///
  /// - Derivative: none in x; to a tensor value, the sum.
  public mutating func fill_(_ value: some TensorOperand) {
    let operand = value.operand.resolved
    guard operand.rank == 0 else {
      return misuse(
        "fill_: only supports 0-dimension value tensor but got tensor with \(operand.rank) dimensions; "
          + "use copy_", else: ())
    }
    guard dtype.isComplex || !operand.dtype.isComplex else {
      return misuse(
        "fill_: value cannot be converted to type \(dtype) without overflow: it is complex; take .real",
        else: ())
    }
    let number = operand.to(dtype)
    if number.value.meta.isPlain, number.node == nil || !isGradEnabled, fillInPlace(number.value) {
      return
    }
    overwrite("fill_") { number.broadcast(to: $0.shape) }
  }

  /// The elements become those of `source`, which is broadcast and converted.
  ///
  ///     var x = Tensor([1, 2])
  ///     x.copy_(Tensor([3.7, 4.2]))   // x is now tensor([3, 4])
  ///
  /// - Derivative: none in x; to the source, as of a conversion.
  public mutating func copy_(_ source: some TensorOperand) {
    let source = source.operand.resolved
    if source.node == nil || !isGradEnabled, copyInPlace(source.value) { return }
    overwrite("copy_") { old in
      guard Operands.broadcastShape("copy_", [old.shape, source.shape]) == old.shape else {
        return misuse(
          "copy_: output with shape \(old.shape) doesn't match the broadcast shape of the source "
            + "\(source.shape)")
      }
      return source.to(old.dtype).broadcast(to: old.shape)
    }
  }
}

import Kobai
import KobaiTensor

extension Arguments {
  /// How a quotient is rounded; nil: not.
  fileprivate func roundingMode() throws -> RoundingMode? {
    has("rounding_mode")
      ? try option("rounding_mode", default: .floor, ["floor": .floor, "trunc": .trunc]) : nil
  }
}

extension Registry {
  mutating func addElementwise() {
    addUnary()
    addArithmetic()
    addComparisons()
    addChoices()
    addLogic()
  }

  /// A call of one tensor without further arguments.
  mutating func unary(
    _ name: String, inPlace: (@Sendable (inout Tensor) -> Void)? = nil,
    _ body: @escaping @Sendable (Tensor) -> Tensor
  ) {
    tensor(name, "input", inPlace: inPlace.map(Self.updating)) { a in body(try a.tensor("input")) }
  }

  /// The in-place form of a call of one tensor.
  private static func updating(
    _ body: @escaping @Sendable (inout Tensor) -> Void
  ) -> @Sendable (Arguments) throws -> Tensor {
    { a in try a.updated("input") { body(&$0) } }
  }

  /// The in-place form of a call of two operands, of which the first is a tensor.
  private static func updating(
    _ body: @escaping @Sendable (inout Tensor, Tensor) -> Void
  ) -> @Sendable (Arguments) throws -> Tensor {
    { a in
      let y = try a.operand("other")
      return try a.updated("input") { body(&$0, y) }
    }
  }

  private mutating func addUnary() {
    unary("torch.abs", inPlace: { $0.abs_() }) { $0.abs() }
    unary("torch.acos", inPlace: { $0.acos_() }) { $0.acos() }
    unary("torch.acosh", inPlace: { $0.acosh_() }) { $0.acosh() }
    unary("torch.angle") { $0.angle() }
    unary("torch.asin", inPlace: { $0.asin_() }) { $0.asin() }
    unary("torch.asinh", inPlace: { $0.asinh_() }) { $0.asinh() }
    unary("torch.atan", inPlace: { $0.atan_() }) { $0.atan() }
    unary("torch.atanh", inPlace: { $0.atanh_() }) { $0.atanh() }
    unary("torch.ceil", inPlace: { $0.ceil_() }) { $0.ceil() }
    unary("torch.conj") { $0.conj() }
    unary("torch.conj_physical", inPlace: { $0.conj_() }) { $0.conj() }
    unary("torch.cos", inPlace: { $0.cos_() }) { $0.cos() }
    unary("torch.cosh", inPlace: { $0.cosh_() }) { $0.cosh() }
    unary("torch.erf", inPlace: { $0.erf_() }) { $0.erf() }
    unary("torch.erfc", inPlace: { $0.erfc_() }) { $0.erfc() }
    unary("torch.exp", inPlace: { $0.exp_() }) { $0.exp() }
    unary("torch.exp2", inPlace: { $0.exp2_() }) { $0.exp2() }
    unary("torch.expm1", inPlace: { $0.expm1_() }) { $0.expm1() }
    unary("torch.floor", inPlace: { $0.floor_() }) { $0.floor() }
    unary("torch.frac", inPlace: { $0.frac_() }) { $0.frac() }
    unary("torch.imag") { $0.imag }
    unary("torch.isfinite") { $0.isFinite() }
    unary("torch.isinf") { $0.isInf() }
    unary("torch.isnan") { $0.isNaN() }
    unary("torch.log", inPlace: { $0.log_() }) { $0.log() }
    unary("torch.log10", inPlace: { $0.log10_() }) { $0.log10() }
    unary("torch.log1p", inPlace: { $0.log1p_() }) { $0.log1p() }
    unary("torch.log2", inPlace: { $0.log2_() }) { $0.log2() }
    unary("torch.logical_not", inPlace: { $0.logicalNot_() }) { $0.logicalNot() }
    unary("torch.bitwise_not", inPlace: { $0.bitwiseNot_() }) { $0.bitwiseNot() }
    unary("torch.neg", inPlace: { $0.neg_() }) { -$0 }
    unary("torch.positive") { +$0 }
    unary("torch.real") { $0.real }
    unary("torch.reciprocal", inPlace: { $0.reciprocal_() }) { $0.reciprocal() }
    unary("torch.rsqrt", inPlace: { $0.rsqrt_() }) { $0.rsqrt() }
    unary("torch.sgn", inPlace: { $0.sgn_() }) { $0.sgn() }
    unary("torch.sigmoid", inPlace: { $0.sigmoid_() }) { $0.sigmoid() }
    unary("torch.sign", inPlace: { $0.sign_() }) { $0.sign() }
    unary("torch.signbit") { $0.signbit() }
    unary("torch.sin", inPlace: { $0.sin_() }) { $0.sin() }
    unary("torch.sinh", inPlace: { $0.sinh_() }) { $0.sinh() }
    unary("torch.sqrt", inPlace: { $0.sqrt_() }) { $0.sqrt() }
    unary("torch.square", inPlace: { $0.square_() }) { $0.square() }
    unary("torch.tan", inPlace: { $0.tan_() }) { $0.tan() }
    unary("torch.tanh", inPlace: { $0.tanh_() }) { $0.tanh() }
    unary("torch.trunc", inPlace: { $0.trunc_() }) { $0.trunc() }
    tensor(
      "torch.round", "input",
      inPlace: { a in
        let decimals = try a.int("decimals", default: 0)
        return try a.updated("input") { $0.round_(decimals: decimals) }
      }
    ) { a in
      try a.tensor("input").round(decimals: a.int("decimals", default: 0))
    }
    tensor(
      "torch.nan_to_num", "input", "nan", "posinf", "neginf",
      inPlace: { a in
        let nan = try a.double("nan", default: 0)
        let (high, low) = (try a.optionalDouble("posinf"), try a.optionalDouble("neginf"))
        return try a.updated("input") { $0.nanToNum_(nan: nan, posInf: high, negInf: low) }
      }
    ) { a in
      try a.tensor("input").nanToNum(
        nan: a.double("nan", default: 0), posInf: a.optionalDouble("posinf"),
        negInf: a.optionalDouble("neginf"))
    }
  }

  /// A call of two operands, of which one may be a number. Of two, only what PyTorch also takes is asked
  /// for: Swift has its own operation for them.
  private mutating func binary(
    _ name: String, ofNumbers: Bool = false,
    inPlace: (@Sendable (inout Tensor, Tensor) -> Void)? = nil,
    _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    tensor(name, "input", "other", inPlace: inPlace.map(Self.updating)) { a in
      guard ofNumbers || a.isTensor("input") || a.isTensor("other") else {
        throw ArgumentTypeMismatch("the operation takes a Tensor and a number, not two numbers")
      }
      return body(try a.operand("input"), try a.operand("other"))
    }
  }

  /// A method whose argument is a tensor: an operand that is a number does not compile.
  private mutating func method(
    _ name: String, inPlace: (@Sendable (inout Tensor, Tensor) -> Void)? = nil,
    _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    tensor(name, "input", "other", inPlace: inPlace.map(Self.updating)) { a in
      body(try a.tensor("input"), try a.tensor("other"))
    }
  }

  /// Python's `other ∘ self` for a tensor `self`.
  private mutating func reflected(
    _ name: String, _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    tensor(name, "self", "other") { a in body(try a.operand("other"), try a.tensor("self")) }
  }

  private mutating func addArithmetic() {
    tensor(
      "torch.add", "input", "other",
      inPlace: { a in
        let (y, alpha) = (try a.operand("other"), try a.number("alpha", default: Tensor(weak: 1)))
        return try a.updated("input") { $0.add_(y, alpha: alpha) }
      }
    ) { a in
      let (x, y) = (try a.operand("input"), try a.operand("other"))
      return a.has("alpha")
        ? x.add(y, alpha: try a.number("alpha", default: Tensor(weak: 1))) : x + y
    }
    tensor(
      "torch.sub", "input", "other",
      inPlace: { a in
        let (y, alpha) = (try a.operand("other"), try a.number("alpha", default: Tensor(weak: 1)))
        return try a.updated("input") { $0.sub_(y, alpha: alpha) }
      }
    ) { a in
      let (x, y) = (try a.operand("input"), try a.operand("other"))
      return a.has("alpha")
        ? x.sub(y, alpha: try a.number("alpha", default: Tensor(weak: 1))) : x - y
    }
    tensor("torch.rsub", "input", "other") { a in
      let (x, y) = (try a.tensor("input"), try a.operand("other"))
      return a.has("alpha")
        ? y.sub(x, alpha: try a.number("alpha", default: Tensor(weak: 1))) : y - x
    }
    tensor(
      "torch.div", "input", "other",
      inPlace: { a in
        let (y, mode) = (try a.operand("other"), try a.roundingMode())
        return try a.updated("input") { $0.div_(y, roundingMode: mode) }
      }
    ) { a in
      let (x, y, mode) = (try a.operand("input"), try a.operand("other"), try a.roundingMode())
      return mode == nil ? x / y : x.div(y, roundingMode: mode)
    }
    tensor(
      "torch.pow", "input", "exponent",
      inPlace: { a in
        let exponent = try a.operand("exponent")
        return try a.updated("input") { $0.pow_(exponent) }
      }
    ) { a in
      // A power of two numbers is not a tensor in Swift.
      if !a.isTensor("input") { return try a.operand("input") ** a.tensor("exponent") }
      return try a.tensor("input") ** a.operand("exponent")
    }
    binary("torch.mul", ofNumbers: true, inPlace: { $0.mul_($1) }) { $0 * $1 }
    binary("torch.true_divide", inPlace: { $0.div_($1) }) { $0 / $1 }
    binary("torch.floor_divide", inPlace: { $0.floorDivide_($1) }) { $0.floorDivide($1) }
    binary("torch.remainder", inPlace: { $0.remainder_($1) }) { $0.remainder($1) }
    comparison("torch.fmod", inPlace: { $0.fmod_($1) }) { $0.fmod($1) }
    binary("torch.xlogy", inPlace: { $0.xlogy_($1) }) { $0.xlogy($1) }
    method("torch.atan2", inPlace: { $0.atan2_($1) }) { $0.atan2($1) }
    method("torch.hypot", inPlace: { $0.hypot_($1) }) { $0.hypot($1) }
    method("torch.logaddexp") { $0.logaddexp($1) }
    method("torch.logaddexp2") { $0.logaddexp2($1) }
    comparison("torch.copysign", inPlace: { $0.copysign_($1) }) { $0.copysign($1) }
    reflected("Tensor.__radd__") { $0 + $1 }
    reflected("Tensor.__rsub__") { $0 - $1 }
    reflected("Tensor.__rmul__") { $0 * $1 }
    reflected("Tensor.__rdiv__") { $0 / $1 }
    reflected("Tensor.__rpow__") { $0 ** $1 }
    reflected("Tensor.__rmod__") { $0.remainder($1) }
    tensor(
      "torch.addcmul", "input", "tensor1", "tensor2",
      inPlace: { a in
        let (x, y) = (try a.tensor("tensor1"), try a.tensor("tensor2"))
        let value = try a.number("value", default: Tensor(weak: 1))
        return try a.updated("input") { $0.addcmul_(x, y, value: value) }
      }
    ) { a in
      try a.tensor("input").addcmul(
        a.tensor("tensor1"), a.tensor("tensor2"), value: a.number("value", default: Tensor(weak: 1))
      )
    }
    tensor(
      "torch.addcdiv", "input", "tensor1", "tensor2",
      inPlace: { a in
        let (x, y) = (try a.tensor("tensor1"), try a.tensor("tensor2"))
        let value = try a.number("value", default: Tensor(weak: 1))
        return try a.updated("input") { $0.addcdiv_(x, y, value: value) }
      }
    ) { a in
      try a.tensor("input").addcdiv(
        a.tensor("tensor1"), a.tensor("tensor2"), value: a.number("value", default: Tensor(weak: 1))
      )
    }
    tensor(
      "torch.lerp", "input", "end", "weight",
      inPlace: { a in
        let (end, weight) = (try a.tensor("end"), try a.operand("weight"))
        return try a.updated("input") { $0.lerp_(end, weight: weight) }
      }
    ) { a in
      try a.tensor("input").lerp(a.tensor("end"), weight: a.operand("weight"))
    }
  }

  /// Methods of a tensor, like comparisons: a number cannot come first.
  private mutating func comparison(
    _ name: String, inPlace: (@Sendable (inout Tensor, Tensor) -> Void)? = nil,
    _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    tensor(name, "input", "other", inPlace: inPlace.map(Self.updating)) { a in
      body(try a.tensor("input"), try a.operand("other"))
    }
  }

  private mutating func addComparisons() {
    comparison("torch.eq", inPlace: { $0.eq_($1) }) { $0.eq($1) }
    comparison("torch.ne", inPlace: { $0.ne_($1) }) { $0.ne($1) }
    comparison("torch.lt", inPlace: { $0.lt_($1) }) { $0.lt($1) }
    comparison("torch.le", inPlace: { $0.le_($1) }) { $0.le($1) }
    comparison("torch.gt", inPlace: { $0.gt_($1) }) { $0.gt($1) }
    comparison("torch.ge", inPlace: { $0.ge_($1) }) { $0.ge($1) }
    tensor("torch.isclose", "input", "other", "rtol", "atol", "equal_nan") { a in
      try a.tensor("input").isClose(
        a.tensor("other"), rtol: a.double("rtol", default: 1e-5),
        atol: a.double("atol", default: 1e-8), equalNaN: a.bool("equal_nan", default: false))
    }
    call("torch.allclose", "input", "other", "rtol", "atol", "equal_nan") { a in
      .bool(
        try a.tensor("input").allClose(
          a.tensor("other"), rtol: a.double("rtol", default: 1e-5),
          atol: a.double("atol", default: 1e-8), equalNaN: a.bool("equal_nan", default: false)))
    }
  }

  private mutating func addChoices() {
    method("torch.maximum") { $0.maximum($1) }
    method("torch.minimum") { $0.minimum($1) }
    method("torch.fmax") { $0.fmax($1) }
    method("torch.fmin") { $0.fmin($1) }
    tensor(
      "torch.clamp", "input", "min", "max",
      inPlace: { a in
        let (low, high) = (try a.optionalOperand("min"), try a.optionalOperand("max"))
        return try a.updated("input") { $0.clamp_(min: low, max: high) }
      }
    ) { a in
      try a.tensor("input").clamp(min: a.optionalOperand("min"), max: a.optionalOperand("max"))
    }
    tensor(
      "torch.clamp_min", "input", "min",
      inPlace: { a in
        let min = try a.operand("min")
        return try a.updated("input") { $0.clampMin_(min) }
      }
    ) { a in
      try a.tensor("input").clampMin(a.operand("min"))
    }
    tensor(
      "torch.clamp_max", "input", "max",
      inPlace: { a in
        let max = try a.operand("max")
        return try a.updated("input") { $0.clampMax_(max) }
      }
    ) { a in
      try a.tensor("input").clampMax(a.operand("max"))
    }
  }

  private mutating func addLogic() {
    method("torch.logical_and", inPlace: { $0.logicalAnd_($1) }) { $0.logicalAnd($1) }
    method("torch.logical_or", inPlace: { $0.logicalOr_($1) }) { $0.logicalOr($1) }
    method("torch.logical_xor", inPlace: { $0.logicalXor_($1) }) { $0.logicalXor($1) }
    binary("torch.bitwise_and", inPlace: { $0.bitwiseAnd_($1) }) { $0.bitwiseAnd($1) }
    binary("torch.bitwise_or", inPlace: { $0.bitwiseOr_($1) }) { $0.bitwiseOr($1) }
    binary("torch.bitwise_xor", inPlace: { $0.bitwiseXor_($1) }) { $0.bitwiseXor($1) }
    binary("torch.bitwise_left_shift", inPlace: { $0.bitwiseLeftShift_($1) }) {
      $0.bitwiseLeftShift($1)
    }
    binary("torch.bitwise_right_shift", inPlace: { $0.bitwiseRightShift_($1) }) {
      $0.bitwiseRightShift($1)
    }
  }
}

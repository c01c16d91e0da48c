import KobaiTensor

extension Tensor {
  /// The linear interpolation x + weight · (end − x).
  ///
  ///     Tensor([1.0, 2.0]).lerp(Tensor([3.0, 6.0]), weight: 0.5)   // tensor([2., 4.])
  ///
  /// - Parameters:
  ///   - end: of the same dtype.
  ///   - weight: a number, or a tensor of the same dtype.
  /// - Returns: shapes broadcast. Exactly `end` at weight 1. Not for integers.
  public func lerp(_ end: Tensor, weight: some TensorOperand) -> Tensor {
    let weight = weight.operand
    let dtype = self.dtype
    guard dtype.isDifferentiable else {
      return misuse(
        "lerp: not implemented for '\(dtype.torchName)' (\(dtype)); convert with .to(.float32)")
    }
    guard end.dtype == dtype, weight.value.meta.has(Value.Meta.weak) || weight.dtype == dtype else {
      let other = end.dtype == dtype ? ("weight", weight.dtype) : ("end", end.dtype)
      return misuse(
        "lerp: expected dtype \(dtype) for `\(other.0)` but got dtype \(other.1); "
          + "convert with .to(.\(dtype))")
    }
    if dtype.computing != dtype {
      let wide = dtype.computing
      return to(wide).lerp(end.to(wide), weight: weight.isNumber ? weight : weight.to(wide)).to(
        dtype)
    }
    let distance = end - self
    if weight.isNumber {
      return Swift.abs(weight.number) < 0.5
        ? self + weight * distance : end - distance * (1 - weight.number)
    }
    // From the nearer end: weights 0 and 1 give exactly the two ends.
    let near = self + weight * distance
    let far = end - distance * (1 - weight)
    return Tensor.where(weight.abs().lt(0.5), near, far)
  }

  /// x + value · a · b.
  ///
  ///     Tensor([1.0]).addcmul(Tensor([2.0]), Tensor([3.0]), value: 0.5)   // tensor([4.])
  ///
  /// - Parameter value: a number; not a fraction for integer tensors.
  /// - Returns: shapes broadcast, dtypes promote.
  public func addcmul<S: TensorOperand>(_ a: Tensor, _ b: Tensor, value: S = 1) -> Tensor {
    let result = Operands.resultType([resolved, a.resolved, b.resolved])
    let (x, a, b) = widened(a, b)
    guard let scaled = Self.scaled("addcmul", a, b, by: value.operand) else { return .poison }
    return (x + a * scaled).to(result)
  }

  /// x + value · a / b.
  ///
  ///     Tensor([1.0]).addcdiv(Tensor([3.0]), Tensor([2.0]), value: 2)   // tensor([4.])
  ///
  /// - Parameter value: a number.
  /// - Returns: shapes broadcast, dtypes promote. Not for integer a and b.
  public func addcdiv<S: TensorOperand>(_ a: Tensor, _ b: Tensor, value: S = 1) -> Tensor {
    guard a.dtype.isDifferentiable || b.dtype.isDifferentiable else {
      return misuse(
        "addcdiv: Integer division with addcdiv is no longer supported; convert with .to(.float32), "
          + "or use x + (a / b).trunc()")
    }
    let result = Operands.resultType([resolved, a.resolved, b.resolved])
    let (x, a, b) = widened(a, b)
    guard let scaled = Self.scaled("addcdiv", x, a / b, by: value.operand) else { return .poison }
    return (x + scaled).to(result)
  }

  /// Three operands with the half types as float32.
  private func widened(_ a: Tensor, _ b: Tensor) -> (Tensor, Tensor, Tensor) {
    (to(dtype.computing), a.to(a.dtype.computing), b.to(b.dtype.computing))
  }
}

extension Operation {
  static let lerp = Operation(
    "lerp", .elementwise,
    samples: [
      Sample(.uniform(), .uniform()) { $0[0].lerp($0[1], weight: 0.3) },
      Sample(.uniform(), .uniform()) { $0[0].lerp($0[1], weight: 0.7) },
      Sample(.uniform(), .uniform(-2...2, [3]), .uniform(0.6...0.9, [2, 1])) {
        $0[0].lerp($0[1], weight: $0[2])
      },
      Sample(.complex(), .complex()) { $0[0].lerp($0[1], weight: 0.3) },
    ])
  static let addcmul = Operation(
    "addcmul", .elementwise,
    samples: [
      Sample(.uniform(), .uniform(), .uniform()) { $0[0].addcmul($0[1], $0[2]) },
      Sample(.uniform(), .uniform(-2...2, [3]), .uniform(-2...2, [2, 1])) {
        $0[0].addcmul($0[1], $0[2], value: 0.5)
      },
    ])
  static let addcdiv = Operation(
    "addcdiv", .elementwise,
    samples: [
      Sample(.uniform(), .uniform(), .uniform(0.5...2)) { $0[0].addcdiv($0[1], $0[2]) },
      Sample(.uniform(), .uniform(-2...2, [3]), .uniform(0.5...2, [2, 1])) {
        $0[0].addcdiv($0[1], $0[2], value: 0.5)
      },
    ])
}

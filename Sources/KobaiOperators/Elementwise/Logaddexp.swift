import KobaiTensor

extension Tensor {
  /// ln(exp(x) + exp(y)), without overflow in between.
  ///
  ///     Tensor([-1000.0]).logaddexp(Tensor([-1000.0]))   // tensor([-999.3068])
  ///
  /// - Returns: shapes broadcast, dtypes promote. Not for integers.
  public func logaddexp(_ y: some TensorOperand) -> Tensor {
    Tensor.logSum(Primitives.Logaddexp(base2: false), self, y.operand)
  }

  /// log2(2^x + 2^y), without overflow in between.
  ///
  ///     Tensor([-1000.0]).logaddexp2(Tensor([-1000.0]))   // tensor([-999.])
  public func logaddexp2(_ y: some TensorOperand) -> Tensor {
    Tensor.logSum(Primitives.Logaddexp(base2: true), self, y.operand)
  }

  private static func logSum(_ primitive: Primitives.Logaddexp, _ x: Tensor, _ y: Tensor) -> Tensor
  {
    let dtype = Operands.resultType([x.resolved, y.resolved])
    if dtype.isComplex && !primitive.base2 { return complexLogSum(x, y) }
    guard dtype.isFloatingPoint else {
      return misuse(
        "logaddexp: not implemented for '\(dtype.torchName)'; convert with .to(.float32)")
    }
    let wide = dtype.computing
    return wide == dtype
      ? elementwise(primitive, x, y) : elementwise(primitive, x.to(wide), y.to(wide)).to(dtype)
  }

  /// From the number with the larger real part, whose exponential is the larger.
  private static func complexLogSum(_ x: Tensor, _ y: Tensor) -> Tensor {
    let isSwapped = x.real.lt(y.real)
    let (large, small) = (Tensor.where(isSwapped, y, x), Tensor.where(isSwapped, x, y))
    return large + (small - large).exp().log1p()
  }
}

extension Primitives {
  /// max(x, y) + log(1 + b^(−|x − y|)); equal infinities, whose difference is NaN, stay.
  public struct Logaddexp: BinaryElementwise {
    public static let name = "logaddexp"
    let base2: Bool
    public var program: Program { base2 ? Self.two : Self.natural }
    private static let natural = Program.binary { x, y in
      .select(
        .logicalAnd(.isInfinite(x), .eq(x, y)), x,
        .maximum(x, y) + .log1p(.exp(-.abs(x - y))))
    }
    private static let two = Program.binary { x, y in
      .select(
        .logicalAnd(.isInfinite(x), .eq(x, y)), x,
        .maximum(x, y) + .log1p(.exp2(-.abs(x - y))) * .constant(1 / ln2))
    }
    public var residualsForX: Residuals { .inputs }
    public var residualsForY: Residuals { .inputs }
    private func share(_ distance: Tensor) -> Tensor {
      (base2 ? distance * Primitives.ln2 : distance).sigmoid()
    }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { share(x - y) }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { share(y - x) }
  }
}

extension Operation {
  static let logaddexp = Operation(
    "logaddexp", .elementwise, primitives: [Primitives.Logaddexp.self],
    samples: [
      Sample(.uniform(), .uniform(-2...2, [3])) { $0[0].logaddexp($0[1]) },
      Sample(.special) { $0[0].logaddexp($0[0]) },
    ])
  static let logaddexp2 = Operation(
    "logaddexp2", .elementwise, primitives: [Primitives.Logaddexp.self],
    samples: [Sample(.uniform(), .uniform(-2...2, [3])) { $0[0].logaddexp2($0[1]) }])
}

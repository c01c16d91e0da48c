import KobaiTensor

extension Tensor {
  /// Uniform random numbers in [0, 1).
  ///
  ///     manualSeed(0)
  ///     Tensor.rand([3])   // tensor([0.4963, 0.7682, 0.0885])
  ///
  /// - Parameter dtype: floating or complex; the default dtype unless stated.
  public static func rand(
    _ shape: Shape, dtype: DType? = nil, generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    guard let dtype = floating("rand", dtype ?? .default) else { return .poison }
    return random(
      .uniform(from: 0, to: 1), shape, dtype, generator: generator, requiresGrad: requiresGrad)
  }
  /// Uniform random numbers in [0, 1).
  public static func rand(
    _ sizes: Int..., dtype: DType? = nil, generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    rand(sizes, dtype: dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// Uniform random numbers in [0, 1), in the shape and dtype of another tensor.
  public static func rand(
    like other: Tensor, dtype: DType? = nil, generator: Generator? = nil
  ) -> Tensor {
    guard let dtype = floating("rand", dtype ?? other.dtype) else { return .poison }
    return random(.uniform(from: 0, to: 1), like: other, dtype: dtype, generator: generator)
  }

  /// Normal random numbers with mean 0 and standard deviation 1.
  ///
  ///     manualSeed(0)
  ///     Tensor.randn([3])   // tensor([ 1.5410, -0.2934, -2.1788])
  ///
  /// - Parameter dtype: floating or complex (total variance 1); the default dtype unless stated.
  public static func randn(
    _ shape: Shape, dtype: DType? = nil, generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    guard let dtype = floating("randn", dtype ?? .default) else { return .poison }
    return random(
      .normal(mean: 0, std: 1), shape, dtype, generator: generator, requiresGrad: requiresGrad)
  }
  /// Normal random numbers with mean 0 and standard deviation 1.
  public static func randn(
    _ sizes: Int..., dtype: DType? = nil, generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    randn(sizes, dtype: dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// Standard normal random numbers in the shape and dtype of another tensor.
  public static func randn(
    like other: Tensor, dtype: DType? = nil, generator: Generator? = nil
  ) -> Tensor {
    guard let dtype = floating("randn", dtype ?? other.dtype) else { return .poison }
    return random(.normal(mean: 0, std: 1), like: other, dtype: dtype, generator: generator)
  }

  /// Normal random numbers with the given mean and standard deviation.
  ///
  ///     Tensor.normal(mean: 5, std: 0.1, [2, 3])
  ///
  /// - Precondition: `std` ≥ 0.
  public static func normal(
    mean: Double = 0, std: Double = 1, _ shape: Shape, dtype: DType? = nil,
    generator: Generator? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    guard let dtype = floating("normal", dtype ?? .default), checkStd(std) else { return .poison }
    return random(
      .normal(mean: mean, std: std), shape, dtype, generator: generator, requiresGrad: requiresGrad)
  }

  /// Normal random numbers with a mean and a standard deviation for each element; shapes broadcast, and
  /// either may be one number for all.
  ///
  ///     Tensor.normal(mean: Tensor([0.0, 100.0]), std: 1)
  ///
  /// - Returns: the dtype of `mean`, or of `std` where the mean is a number. Nothing flows back to `mean`
  ///   and `std`: use `Tensor.randn(shape) * std + mean` to differentiate.
  /// - Precondition: floating point or complex; no element of `std` is negative.
  public static func normal<M: TensorOperand, S: TensorOperand>(
    mean: M, std: S, generator: Generator? = nil
  ) -> Tensor {
    let (mean, std) = (mean.operand, std.operand)
    let (isMeanNumber, isStdNumber) = (
      mean.value.meta.has(Value.Meta.weak), std.value.meta.has(Value.Meta.weak)
    )
    let (means, stds) = (mean.detach(), std.detach())
    guard !means.isPoisoned, !stds.isPoisoned, checkStd(stds),
      let dtype = floating(
        "normal", isMeanNumber ? (isStdNumber ? .default : stds.dtype) : means.dtype),
      let shape = Operands.broadcastShape("normal", [means.shape, stds.shape])
    else { return .poison }
    // PyTorch draws with a single deviation, and multiplies by several.
    if isStdNumber {
      let law = RandomLaw.normal(mean: 0, std: std.value.double)
      return random(law, shape, dtype, generator: generator) + mean.resolvedNumber
    }
    let drawn = randn(shape, dtype: dtype, generator: generator)
    return (drawn * stds).to(dtype) + mean.resolvedNumber
  }

  /// A negative element is found where the elements are known.
  private static func checkStd(_ std: Tensor) -> Bool {
    guard std.value.meta.isPlain, !std.dtype.isComplex, std.lt(0).any().item(as: Bool.self) else {
      return true
    }
    if std.rank == 0 { return checkStd(std.item()) }
    return misuse(
      "normal: normal expects all elements of std >= 0.0, but one is negative", else: false)
  }

  static func floating(_ name: String, _ dtype: DType) -> DType? {
    guard dtype.isDifferentiable else {
      return misuse(
        "\(name): not implemented for \(dtype); the dtype must be floating point or complex",
        else: nil)
    }
    return dtype
  }

  static func checkStd(_ std: Double) -> Bool {
    guard std >= 0 else {
      return misuse("normal: normal expects std >= 0.0, but found std \(std.brief)", else: false)
    }
    return true
  }
}

extension Tensor {
  /// Without history; a Swift number stays one.
  fileprivate var resolvedNumber: Tensor {
    value.meta.has(Value.Meta.weak) ? self : detach()
  }
}

extension Operation {
  static let rand = Operation(
    "rand", .random,
    samples: [
      // In one dtype: each has its own stream, as in PyTorch.
      Sample(.uniform(), drawsInMemoryOrder: true) {
        $0[0] + Tensor.rand(like: $0[0], dtype: .float32, generator: Generator(seed: 1))
      },
      Sample(.uniform()) {
        $0[0] * Tensor.randn([2, 3], dtype: .float32, generator: Generator(seed: 1))
      },
    ])
}

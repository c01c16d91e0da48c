import KobaiTensor

extension Tensor {
  /// Random integers from `low` up to but not including `high`.
  ///
  ///     manualSeed(0)
  ///     Tensor.randint(10, [5])   // tensor([4, 9, 3, 0, 3])
  ///
  /// - Parameter dtype: int64 unless stated; any real dtype that holds the bounds.
  public static func randint(
    _ low: Int, _ high: Int, _ shape: Shape, dtype: DType = .int64, generator: Generator? = nil
  ) -> Tensor {
    guard checkIntegers("randint", low, high, dtype) else { return .poison }
    return random(
      .integers(low: Int64(low), high: Int64(high)), shape, dtype, generator: generator)
  }

  /// Random integers from 0 up to but not including `high`.
  public static func randint(
    _ high: Int, _ shape: Shape, dtype: DType = .int64, generator: Generator? = nil
  ) -> Tensor {
    randint(0, high, shape, dtype: dtype, generator: generator)
  }

  /// Random integers from `low` up to but not including `high`, in the shape and dtype of another tensor.
  public static func randint(
    _ low: Int, _ high: Int, like other: Tensor, dtype: DType? = nil, generator: Generator? = nil
  ) -> Tensor {
    guard checkIntegers("randint", low, high, dtype ?? other.dtype) else { return .poison }
    return random(
      .integers(low: Int64(low), high: Int64(high)), like: other, dtype: dtype,
      generator: generator)
  }

  /// Random integers from 0 up to but not including `high`, in the shape and dtype of another tensor.
  public static func randint(
    _ high: Int, like other: Tensor, dtype: DType? = nil, generator: Generator? = nil
  ) -> Tensor {
    randint(0, high, like: other, dtype: dtype, generator: generator)
  }

  /// The integers 0 … n − 1 in random order.
  ///
  ///     manualSeed(0)
  ///     Tensor.randperm(4)   // tensor([0, 1, 3, 2]), in PyTorch too
  public static func randperm(
    _ n: Int, dtype: DType = .int64, generator: Generator? = nil
  ) -> Tensor {
    guard n >= 0 else { return misuse("randperm: n must be non-negative, but is \(n)") }
    guard !dtype.isComplex, dtype != .bool, Double(n) - 1 <= dtype.greatestFinite else {
      return misuse(
        "randperm: \(n) numbers: value cannot be converted to type \(dtype) without overflow; use int64"
      )
    }
    return random(.permutation, [n], dtype, generator: generator)
  }
}

extension Operation {
  static let randint = Operation(
    "randint", .random,
    samples: [
      Sample(.uniform()) { $0[0] * Tensor.randint(1, 9, [2, 3], generator: Generator(seed: 1)) },
      Sample(.uniform(), drawsInMemoryOrder: true) {
        $0[0] * Tensor.randint(5, like: $0[0], generator: Generator(seed: 1))
      },
      Sample(.uniform(-2...2, [4])) { $0[0] * Tensor.randperm(4, generator: Generator(seed: 1)) },
    ])
}

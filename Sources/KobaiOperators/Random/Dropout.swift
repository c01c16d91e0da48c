import KobaiTensor

extension Tensor {
  /// Zeroes each element with probability p and divides the others by 1 − p.
  ///
  ///     Tensor.ones([4]).dropout(p: 0.5, generator: Generator(seed: 3))
  ///
  /// Srivastava et al., 2014. The mask is PyTorch's for the same seed.
  ///
  /// - Parameters:
  ///   - p: in [0, 1]; at 1 the result is 0 · x, so NaN stays NaN.
  ///   - training: false gives the tensor itself.
  public func dropout(
    p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor {
    dropping("dropout", p, training) {
      $0 * Tensor.random(.dropout(p: p), like: $0, generator: generator)
    }
  }

  /// `dropout` of whole channels: of a [C, L] or [N, C, L] tensor, each channel is kept or zeroed.
  public func dropout1d(
    p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor {
    channelDropout("dropout1d", [2, 3], batchedRank: 3, p, training, generator)
  }

  /// `dropout` of whole channels: of an [N, C, H, W] tensor, each channel is kept or zeroed. As in
  /// PyTorch, a tensor of rank 3 counts as [N, C, L].
  public func dropout2d(
    p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor {
    channelDropout("dropout2d", [3, 4], batchedRank: 3, p, training, generator)
  }

  /// `dropout` of whole channels: of a [C, D, H, W] or [N, C, D, H, W] tensor, each channel is kept or
  /// zeroed.
  public func dropout3d(
    p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor {
    channelDropout("dropout3d", [4, 5], batchedRank: 5, p, training, generator)
  }

  /// `dropout` of whole channels, which are the second dimension.
  public func featureDropout(
    p: Double = 0.5, training: Bool = true, generator: Generator? = nil
  ) -> Tensor {
    dropping("featureDropout", p, training) { x in
      guard let shape = x.channelShape("featureDropout") else { return .poison }
      return x * Tensor.random(.dropout(p: p), shape, x.dtype, generator: generator)
    }
  }

  /// Sets each element with probability p to SELU's negative limit and rescales, so that mean and variance
  /// of standardised inputs are kept.
  ///
  /// Klambauer et al., 2017, "Self-Normalizing Neural Networks".
  public func alphaDropout(
    p: Double = 0.5, training: Bool = false, generator: Generator? = nil
  ) -> Tensor {
    dropping("alphaDropout", p, training) { x in
      x.selfNormalizing(
        Tensor.random(.bernoulli(p: 1 - p), like: x, generator: generator), p)
    }
  }

  /// `alphaDropout` of whole channels, which are the second dimension.
  public func featureAlphaDropout(
    p: Double = 0.5, training: Bool = false, generator: Generator? = nil
  ) -> Tensor {
    dropping("featureAlphaDropout", p, training) { x in
      guard let shape = x.channelShape("featureAlphaDropout") else { return .poison }
      return x.selfNormalizing(
        Tensor.random(.bernoulli(p: 1 - p), shape, x.dtype, generator: generator), p)
    }
  }

  /// What all forms share: the tensor itself where nothing is dropped, and 0 · x where everything is.
  private func dropping(
    _ name: String, _ p: Double, _ training: Bool, _ body: (Tensor) -> Tensor
  ) -> Tensor {
    guard p >= 0 && p <= 1 else {
      return misuse("\(name): dropout probability has to be between 0 and 1, but got \(p.brief)")
    }
    if !training || p == 0 || count == 0 { return self }
    if p == 1 { return self * Tensor.zeros([], dtype: dtype) }
    guard dtype.isFloatingPoint else {
      return misuse(
        "\(name): result type Float can't be cast to the desired output type \(dtype): not "
          + "implemented; convert with .to(.float32)")
    }
    return body(self)
  }

  private func channelDropout(
    _ name: String, _ ranks: [Int], batchedRank: Int, _ p: Double, _ training: Bool,
    _ generator: Generator?
  ) -> Tensor {
    guard name != "dropout1d" || ranks.contains(rank) else {
      return misuse(
        "\(name): Expected 2D or 3D input, but received a \(rank)D input: a spatial dimension, a "
          + "channel dimension and, optionally, a batch dimension")
    }
    let isSingle = rank < batchedRank && ranks.contains(rank)
    let batched = isSingle ? unsqueeze(0) : self
    let result = batched.featureDropout(p: p, training: training, generator: generator)
    return isSingle ? result.squeeze(0) : result
  }

  /// [N, C, 1, …].
  private func channelShape(_ name: String) -> Shape? {
    let shape = shape
    guard shape.count >= 2 else {
      return misuse(
        "\(name): Feature dropout requires at least 2 dimensions in the input, but its shape is "
          + "\(shape)", else: nil)
    }
    return shape.prefix(2) + Shape(repeating: 1, count: shape.count - 2)
  }

  /// x where `kept` is 1, else −λα; then the affine map that restores mean and variance.
  private func selfNormalizing(_ kept: Tensor, _ p: Double) -> Tensor {
    let alpha = 1.7580993408473766  // SELU's λ · α
    let a = 1 / ((alpha * alpha * p + 1) * (1 - p)).squareRoot()
    let b = (kept - 1) * (alpha * a) + alpha * a * p
    return self * (kept * a) + b
  }
}

extension Operation {
  static let dropout = Operation(
    "dropout", .random,
    samples: [
      Sample(.uniform(), drawsInMemoryOrder: true) {
        $0[0].dropout(p: 0.5, generator: Generator(seed: 1))
      },
      Sample(.uniform()) { $0[0].dropout(p: 1) },
      Sample(.uniform()) { $0[0].dropout(training: false) },
    ])
  static let featureDropout = Operation(
    "featureDropout", .random,
    samples: [
      Sample(.uniform(-2...2, [2, 3, 2])) {
        $0[0].featureDropout(p: 0.5, generator: Generator(seed: 1))
      },
      Sample(.uniform(-2...2, [2, 3])) { $0[0].dropout1d(p: 0.5, generator: Generator(seed: 1)) },
      Sample(.uniform(-2...2, [2, 3, 2])) {
        $0[0].dropout2d(p: 0.3, generator: Generator(seed: 1))
      },
      Sample(.uniform(-2...2, [2, 1, 2, 1])) {
        $0[0].dropout3d(p: 0.3, generator: Generator(seed: 1))
      },
    ])
  static let alphaDropout = Operation(
    "alphaDropout", .random,
    samples: [
      Sample(.uniform(), drawsInMemoryOrder: true) {
        $0[0].alphaDropout(p: 0.4, training: true, generator: Generator(seed: 2))
      },
      Sample(.uniform(-2...2, [2, 2, 2])) {
        $0[0].featureAlphaDropout(p: 0.4, training: true, generator: Generator(seed: 1))
      },
    ])
}

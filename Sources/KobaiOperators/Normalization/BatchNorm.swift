import KobaiTensor

extension Tensor {
  /// Each channel (dimension 1) shifted to mean 0 and scaled to variance 1 over all examples, then
  /// multiplied with a weight and shifted by a bias.
  ///
  ///     Tensor([[1.0], [3.0]]).batchNorm(training: true)   // tensor([[-1.0000], [1.0000]])
  ///
  /// - Parameters:
  ///   - runningMean, runningVar: [C], what takes the place of the examples' mean and variance unless
  ///     training. While training they are updated and so must be buffers
  ///     (`Tensor.zeros([C]).asState(requiresGrad: false)`):
  ///     running = (1 − momentum) · running + momentum · statistic, with the unbiased variance.
  ///   - weight, bias: [C].
  ///   - eps: added to the variance, which is the biased one; positive while training.
  public func batchNorm(
    runningMean: Tensor? = nil, runningVar: Tensor? = nil, weight: Tensor? = nil,
    bias: Tensor? = nil, training: Bool = false, momentum: Double = 0.1, eps: Double = 1e-5
  ) -> Tensor {
    let (name, shape) = ("batchNorm", shape)
    guard !training || eps > 0 else {
      return misuse("\(name): batch_norm eps must be positive during training, but got \(eps)")
    }
    if shape.contains(0) && (training || runningMean != nil && runningVar != nil) {
      // Nothing to normalise, whatever the rank; the parameters still take part, with zero gradients.
      let scaled = weight.map { $0.count == 0 ? self : self * $0.select(dim: 0, index: 0) }
      let result = scaled ?? clone()
      return bias.map { $0.count == 0 ? result : result + $0.select(dim: 0, index: 0) } ?? result
    }
    guard shape.count >= 2 else {
      return misuse("\(name): Expected at least 2 dimensions, but the input's shape is \(shape)")
    }
    let channels = shape[1]
    let count = channels == 0 ? 0 : shape.reduce(1, *) / channels
    guard !training || count != 1 else {
      return misuse(
        "\(name): Expected more than 1 value per channel when training, got input size \(shape)")
    }
    guard
      Self.areChannelParameters(
        name, channels,
        [
          ("running_mean", runningMean), ("running_var", runningVar), ("weight", weight),
          ("bias", bias),
        ]), isNormalizable(name, [weight, bias])
    else { return .poison }

    guard training else {
      guard let runningMean, let runningVar else {
        let missing = runningMean == nil ? "running_mean" : "running_var"
        return misuse("\(name): \(missing) must be defined in evaluation mode")
      }
      return normalizedByRunning(runningMean, runningVar, weight, bias, eps)
    }
    guard Self.areBuffers(name, runningMean, runningVar) else { return .poison }
    let inner = shape.dropFirst(2).reduce(1, *)
    let (y, mean, variance) =
      isHalf(weight, bias)
      ? normalizedInHalf(weight, bias, eps)
      : normalized(
        .channels, as: [shape[0], channels, 1, inner], weight: weight, bias: bias, eps: eps)
    let unbiased = Double(count) / Double(count - 1)
    Self.updateRunning(runningMean, mean.reshape([channels]), 1, momentum, name)
    Self.updateRunning(runningVar, variance.reshape([channels]), unbiased, momentum, name)
    return y
  }

  /// Each channel of each example shifted to mean 0 and scaled to variance 1, then multiplied with a
  /// weight and shifted by a bias.
  ///
  ///     Tensor([[[1.0, 3.0]]]).instanceNorm(eps: 0)   // tensor([[[-1., 1.]]])
  ///
  /// - Parameters:
  ///   - runningMean, runningVar: [C], used instead of the statistics unless `useInputStats`; with it they
  ///     are updated with the means over all examples and must be buffers.
  ///   - weight, bias: [C].
  public func instanceNorm(
    runningMean: Tensor? = nil, runningVar: Tensor? = nil, weight: Tensor? = nil,
    bias: Tensor? = nil, useInputStats: Bool = true, momentum: Double = 0.1, eps: Double = 1e-5
  ) -> Tensor {
    let (name, shape) = ("instanceNorm", shape)
    guard shape.count >= 3 else {
      return misuse(
        "\(name): expected an input [N, C, ...] with spatial dimensions, but its shape is \(shape)")
    }
    let (channels, inner) = (shape[1], shape.dropFirst(2).reduce(1, *))
    guard
      Self.areChannelParameters(
        name, channels,
        [
          ("running_mean", runningMean), ("running_var", runningVar), ("weight", weight),
          ("bias", bias),
        ]), isNormalizable(name, [weight, bias])
    else { return .poison }
    guard useInputStats else {
      guard let runningMean, let runningVar else {
        return misuse(
          "\(name): Expected running_mean and running_var to be defined when use_input_stats is false"
        )
      }
      return normalizedByRunning(runningMean, runningVar, weight, bias, eps)
    }
    guard inner != 1 else {
      return misuse(
        "\(name): Expected more than 1 spatial element when training, got input size \(shape)")
    }
    guard Self.areBuffers(name, runningMean, runningVar) else { return .poison }
    let y =
      isHalf(weight, bias)
      ? reshape([1, shape[0] * channels, inner]).normalizedInHalf(
        weight?.repeated(shape[0]), bias?.repeated(shape[0]), eps
      ).y.reshape(shape)
      : normalized(
        .rows, as: [shape[0], channels, 1, inner], weight: weight, bias: bias, eps: eps
      ).y
    if runningMean != nil || runningVar != nil {
      let spatial = Array(2..<shape.count)
      let x = detach().widened
      let mean = x.mean(dims: spatial).mean(dim: 0)
      let variance = x.var(dims: spatial, correction: 1).mean(dim: 0)
      Self.updateRunning(runningMean, mean, 1, momentum, name)
      Self.updateRunning(runningVar, variance, 1, momentum, name)
    }
    return y
  }

  /// Of a half type, and so are the parameters.
  func isHalf(_ weight: Tensor?, _ bias: Tensor?) -> Bool {
    dtype.isFloatingPoint && dtype.size == 2 && weight?.dtype != .float32 && bias?.dtype != .float32
  }

  /// PyTorch keeps the statistics of half types in their dtype, which the result shows.
  private func normalizedInHalf(
    _ weight: Tensor?, _ bias: Tensor?, _ eps: Double
  ) -> (y: Tensor, mean: Tensor, variance: Tensor) {
    let dims = [0] + Array(2..<rank)
    let x = widened
    let (mean, variance) = (x.mean(dims: dims), x.var(dims: dims, correction: 0))
    var scale = (variance + eps).rsqrt().to(dtype).to(x.dtype)
    if let weight { scale = scale * weight.to(x.dtype) }
    var shift = -(mean.to(dtype).to(x.dtype) * scale)
    if let bias { shift = shift + bias.to(x.dtype) }
    let shape = [self.shape[1]] + Array(repeating: 1, count: rank - 2)
    let y = (x * scale.reshape(shape) + shift.reshape(shape)).to(dtype)
    return (y, mean.detach(), variance.detach())
  }

  private func normalizedByRunning(
    _ mean: Tensor, _ variance: Tensor, _ weight: Tensor?, _ bias: Tensor?, _ eps: Double
  ) -> Tensor {
    let x = widened
    let shape = [self.shape[1]] + Array(repeating: 1, count: rank - 2)
    var scale = (variance.to(x.dtype) + eps).rsqrt()
    if let weight { scale = scale * weight.to(x.dtype) }
    var shift = -(mean.to(x.dtype) * scale)
    if let bias { shift = shift + bias.to(x.dtype) }
    return (x * scale.reshape(shape) + shift.reshape(shape)).to(dtype)
  }

  private static func areChannelParameters(
    _ name: String, _ channels: Int, _ parameters: [(String, Tensor?)]
  ) -> Bool {
    for case (let role, let parameter?) in parameters where parameter.shape != [channels] {
      return misuse(
        "\(name): \(role) should contain \(channels) elements not \(parameter.count), in shape "
          + "[\(channels)], but its shape is \(parameter.shape)", else: false)
    }
    return true
  }

  private static func areBuffers(_ name: String, _ statistics: Tensor?...) -> Bool {
    for case let statistic? in statistics where statistic.state == nil && !statistic.isPoisoned {
      return misuse(
        "\(name): running statistics are updated while training and must be buffers; make them with "
          + ".asState(requiresGrad: false)", else: false)
    }
    return true
  }

  private static func updateRunning(
    _ running: Tensor?, _ statistic: Tensor, _ factor: Double, _ momentum: Double, _ name: String
  ) {
    guard let running, let state = running.state else { return }
    noGrad {
      let new = statistic.to(running.dtype) * (momentum * factor)
      state.replace(running.current * (1 - momentum) + new, operation: name)
    }
  }
}

extension Operation {
  static let batchNorm = Operation(
    "batchNorm", .normalization,
    samples: [
      Sample(.uniform(-2...2, [3, 2, 2]), .uniform(0.5...2, [2]), .uniform(-2...2, [2])) {
        $0[0].batchNorm(weight: $0[1], bias: $0[2], training: true)
      },
      Sample(.uniform(-2...2, [4, 3])) { $0[0].batchNorm(training: true, eps: 0.1) },
      Sample(
        .uniform(-2...2, [2, 2, 3]), .uniform(-2...2, [2]), .uniform(0.5...2, [2]),
        .uniform(0.5...2, [2]), .uniform(-2...2, [2])
      ) {
        $0[0].batchNorm(runningMean: $0[1], runningVar: $0[2], weight: $0[3], bias: $0[4])
      },
    ])

  static let instanceNorm = Operation(
    "instanceNorm", .normalization,
    samples: [
      Sample(.uniform(-2...2, [2, 2, 3]), .uniform(0.5...2, [2]), .uniform(-2...2, [2])) {
        $0[0].instanceNorm(weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [2, 2, 3]), .uniform(-2...2, [2]), .uniform(0.5...2, [2])) {
        $0[0].instanceNorm(runningMean: $0[1], runningVar: $0[2], useInputStats: false)
      },
    ])
}

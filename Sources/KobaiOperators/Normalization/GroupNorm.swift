import KobaiTensor

extension Tensor {
  /// The channels in groups, each shifted to mean 0 and scaled to (biased) variance 1 in each example,
  /// then multiplied with a weight and shifted by a bias for each channel.
  ///
  ///     Tensor([[1.0, 3.0, 5.0, 9.0]]).groupNorm(2, eps: 0)   // tensor([[-1., 1., -1., 1.]])
  ///
  /// - Parameters:
  ///   - numGroups: divides the number of channels, the size of dimension 1.
  ///   - weight, bias: [C].
  ///   - eps: added to the variance.
  public func groupNorm(
    _ numGroups: Int, weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5
  ) -> Tensor {
    let shape = shape
    guard shape.count >= 2 else {
      return misuse(
        "groupNorm: Expected at least 2 dimensions for input tensor but received \(shape.count)")
    }
    guard numGroups > 0 else {
      return misuse("groupNorm: Expected num groups to be greater than 0, got \(numGroups)")
    }
    let channels = shape[1]
    guard channels % numGroups == 0 else {
      return misuse(
        "groupNorm: Expected number of channels in input to be divisible by num_groups, but got input "
          + "of shape \(shape) and num_groups=\(numGroups)")
    }
    for (role, parameter) in [("weight", weight), ("bias", bias)] {
      guard parameter == nil || parameter?.shape == [channels] else {
        return misuse(
          "groupNorm: Expected \(role) to be a vector of size equal to the number of channels in "
            + "input, but got \(role) of shape \(parameter?.shape ?? []) and input of shape \(shape)"
        )
      }
    }
    let inner = shape.dropFirst(2).reduce(1, *)
    guard shape[0] * channels / numGroups * inner != 1 else {
      return misuse(
        "groupNorm: Expected more than 1 value per channel when training, got input size \(shape) in "
          + "\(numGroups) groups")
    }
    guard isNormalizable("groupNorm", [weight, bias]) else { return .poison }
    let y = widened.normalized(
      .rows, as: [shape[0], numGroups, channels / numGroups, inner], weight: weight?.widened,
      bias: bias?.widened, eps: eps
    ).y
    guard isHalf(weight, bias), count > 0 else { return y.to(dtype) }
    let sameDerivative = groupNormFromRounded(numGroups, weight, bias, eps)
    return (sameDerivative + (y - sameDerivative).detach()).to(dtype)
  }

  /// The group normalization in float32 whose derivative is PyTorch's for half types: that of the
  /// statistics after they were rounded.
  private func groupNormFromRounded(
    _ numGroups: Int, _ weight: Tensor?, _ bias: Tensor?, _ eps: Double
  ) -> Tensor {
    let x = widened.reshape([shape[0], numGroups, -1])
    let mean = x.mean(dim: -1, keepDim: true)
    let roundedMean = x.detach().meanOfRows.to(dtype).to(x.dtype)
    let scale = (x.detach().var(dims: [-1], correction: 0, keepDim: true) + eps).rsqrt()
      .to(dtype).to(x.dtype)
    // Both have the rounded value; their derivatives are those of the mean and of 1/√(variance + eps),
    // −r³/2 by the variance.
    let centre = roundedMean + (mean - mean.detach())
    let distance = x - roundedMean
    let variance = (distance * distance).mean(dim: -1, keepDim: true)
    let factor = scale * (1 - 0.5 * scale * scale * (variance - variance.detach()))
    let channels = [1, shape[1]] + Array(repeating: 1, count: rank - 2)
    var y = ((x - centre) * factor).reshape(shape)
    if let weight { y = y * weight.widened.reshape(channels) }
    if let bias { y = y + bias.widened.reshape(channels) }
    return y
  }

  /// The mean of each row, [N, G, 1]. Rows of fewer than 16 elements are averaged one element after
  /// the other, as PyTorch does: the mean of a few half-precision numbers is often a tie, which then
  /// falls to the same side.
  private var meanOfRows: Tensor {
    guard shape[2] < 16 else { return mean(dim: -1, keepDim: true) }
    var mean = self[0..., 0..., ..<1]
    for i in 1..<Swift.max(1, shape[2]) {
      mean = mean + (self[0..., 0..., i..<(i + 1)] - mean) / Double(i + 1)
    }
    return mean
  }
}

extension Operation {
  static let groupNorm = Operation(
    "groupNorm", .normalization,
    samples: [
      Sample(.uniform(-2...2, [2, 4, 3]), .uniform(0.5...2, [4]), .uniform(-2...2, [4])) {
        $0[0].groupNorm(2, weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [2, 4])) { $0[0].groupNorm(1, eps: 0.5) },
      Sample(.uniform(-2...2, [0, 2, 2]), .uniform(0.5...2, [2])) {
        $0[0].groupNorm(2, weight: $0[1])
      },
    ])
}

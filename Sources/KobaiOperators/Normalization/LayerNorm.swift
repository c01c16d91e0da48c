import KobaiTensor

extension Tensor {
  /// Each array of the last dimensions shifted to mean 0 and scaled to (biased) variance 1, then
  /// multiplied with a weight and shifted by a bias.
  ///
  ///     Tensor([1.0, 3.0]).layerNorm([2], eps: 0)   // tensor([-1., 1.])
  ///
  /// - Parameters:
  ///   - normalizedShape: the sizes of the last dimensions.
  ///   - weight, bias: of shape `normalizedShape`.
  ///   - eps: added to the variance.
  public func layerNorm(
    _ normalizedShape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5
  ) -> Tensor {
    normalizedOverLast("layerNorm", normalizedShape, weight, bias, .rows, eps)
  }

  /// Each array of the last dimensions divided by the root of its mean square, then multiplied with a
  /// weight.
  ///
  ///     Tensor([1.0, 7.0]).rmsNorm([2], eps: 0)   // tensor([0.2000, 1.4000])
  ///
  /// - Parameters:
  ///   - normalizedShape: the sizes of the last dimensions.
  ///   - weight: of shape `normalizedShape`.
  ///   - eps: added to the mean square; the smallest step from 1 in the dtype computed in unless given.
  public func rmsNorm(
    _ normalizedShape: [Int], weight: Tensor? = nil, eps: Double? = nil
  ) -> Tensor {
    normalizedOverLast(
      "rmsNorm", normalizedShape, weight, nil, .rootMeanSquare,
      eps ?? (dtype == .float64 || dtype == .complex128 ? Double.ulpOfOne : Double(Float.ulpOfOne)))
  }

  private func normalizedOverLast(
    _ name: String, _ normalizedShape: [Int], _ weight: Tensor?, _ bias: Tensor?,
    _ kind: NormalizationKind, _ eps: Double
  ) -> Tensor {
    let shape = shape
    guard !normalizedShape.isEmpty else {
      return misuse(
        "\(name): Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
          + "one element, but got normalized_shape = []")
    }
    for (role, parameter) in [("weight", weight), ("bias", bias)] {
      guard parameter == nil || parameter?.shape == normalizedShape else {
        return misuse(
          "\(name): Expected \(role) to be of same shape as normalized_shape, but got \(role) of shape "
            + "\(parameter?.shape ?? []) and normalized_shape = \(normalizedShape)")
      }
    }
    guard shape.suffix(normalizedShape.count) == normalizedShape[...] else {
      return misuse(
        "\(name): Given normalized_shape=\(normalizedShape), expected input with shape [*, "
          + normalizedShape.map(String.init).joined(separator: ", ")
          + "], but got input of size\(shape)")
    }
    if kind == .rootMeanSquare, dtype.isComplex {
      // PyTorch squares complex numbers without taking their magnitude.
      let dims = Array((shape.count - normalizedShape.count)..<shape.count)
      let y = self * ((self * self).mean(dims: dims, keepDim: true) + eps).rsqrt()
      return weight.map { y * $0 } ?? y
    }
    guard isNormalizable(name, [weight, bias]) else { return .poison }
    let rows = shape.dropLast(normalizedShape.count).reduce(1, *)
    return normalized(
      kind, as: [rows, 1, normalizedShape.reduce(1, *), 1], weight: weight, bias: bias, eps: eps
    ).y
  }
}

extension Operation {
  static let layerNorm = Operation(
    "layerNorm", .normalization,
    samples: [
      Sample(
        .uniform(-2...2, [2, 3, 2]), .uniform(0.5...2, [3, 2]), .uniform(-2...2, [3, 2])
      ) {
        $0[0].layerNorm([3, 2], weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [3, 4])) { $0[0].layerNorm([4], eps: 0.5) },
      Sample(.uniform(-2...2, [3]), .uniform(-2...2, [3])) { $0[0].layerNorm([3], bias: $0[1]) },
      Sample(.uniform(-2...2, [0, 3]), .uniform(-2...2, [3])) {
        $0[0].layerNorm([3], weight: $0[1])
      },
    ])

  static let rmsNorm = Operation(
    "rmsNorm", .normalization,
    samples: [
      Sample(.uniform(-2...2, [2, 3, 2]), .uniform(0.5...2, [3, 2])) {
        $0[0].rmsNorm([3, 2], weight: $0[1], eps: 0.1)
      },
      Sample(.uniform(-2...2, [3, 4])) { $0[0].rmsNorm([4]) },
    ])
}

import KobaiTensor

extension Tensor {
  /// (Σ xᵖ)^(1/p) of each window over the last dimension.
  ///
  ///     Tensor([[[3.0, 4.0]]]).lpPool1d(2, kernelSize: 2)   // tensor([[[5.]]])
  public func lpPool1d(
    _ normType: Double, kernelSize: Int, stride: Int? = nil, ceilMode: Bool = false
  ) -> Tensor {
    pow(normType).avgPool1d(kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
      .rooted(normType, count: kernelSize)
  }

  /// (Σ xᵖ)^(1/p) of each window over the last two dimensions.
  public func lpPool2d(
    _ normType: Double, kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    ceilMode: Bool = false
  ) -> Tensor {
    guard let sizes = kernelSize.expanded("lpPool2d", "kernel_size", rank: 2) else {
      return .poison
    }
    return pow(normType).avgPool2d(kernelSize: sizes, stride: stride, ceilMode: ceilMode)
      .rooted(normType, count: sizes.reduce(1, *))
  }

  /// (Σ xᵖ)^(1/p) of each window over the last three dimensions.
  public func lpPool3d(
    _ normType: Double, kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    ceilMode: Bool = false
  ) -> Tensor {
    guard let sizes = kernelSize.expanded("lpPool3d", "kernel_size", rank: 3) else {
      return .poison
    }
    return pow(normType).avgPool3d(kernelSize: sizes, stride: stride, ceilMode: ceilMode)
      .rooted(normType, count: sizes.reduce(1, *))
  }

  /// As in PyTorch a negative sum has a root of 0.
  private func rooted(_ p: Double, count: Int) -> Tensor {
    ((sign() * abs().relu()) * Double(count)).pow(1 / p)
  }
}

extension Operation {
  static let lpPool1d = Operation(
    "lpPool1d", .pooling,
    samples: [
      Sample(.uniform(0.5...2, [1, 2, 5])) { $0[0].lpPool1d(1.5, kernelSize: 2) },
      Sample(.uniform(0.5...2, [2, 5])) { $0[0].lpPool1d(2, kernelSize: 2, ceilMode: true) },
    ])

  static let lpPool2d = Operation(
    "lpPool2d", .pooling,
    samples: [
      Sample(.uniform(0.5...2, [1, 2, 3, 4])) { $0[0].lpPool2d(2, kernelSize: [2, 3], stride: 1) }
    ])

  static let lpPool3d = Operation(
    "lpPool3d", .pooling,
    samples: [
      Sample(.uniform(0.5...2, [1, 2, 2, 3, 2])) { $0[0].lpPool3d(3, kernelSize: 2) }
    ])
}

import KobaiOperators
import KobaiTensor

/// What power-average pooling layers share.
public class LPPoolLayer: ModuleBase {
  /// The exponent p of (Σ xᵖ)^(1/p).
  public let normType: Double
  /// The size of a window, one number for all spatial dimensions or one for each.
  public let kernelSize: any PerDimension
  /// The step between windows; nil for the window's size.
  public let stride: (any PerDimension)?
  /// Whether a last window may end beyond the input.
  public let ceilMode: Bool

  /// - Parameters:
  ///   - normType: the exponent p of (Σ xᵖ)^(1/p).
  ///   - stride: `kernelSize` unless given.
  public init(
    _ normType: Double, _ kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    ceilMode: Bool = false
  ) {
    self.normType = normType
    self.kernelSize = kernelSize
    self.stride = stride
    self.ceilMode = ceilMode
    super.init()
  }

  public override var extraDescription: String {
    "norm_type=\(normType.python), kernel_size=\(kernelSize.python), "
      + "stride=\(stride?.python ?? "None"), ceil_mode=\(ceilMode.python)"
  }
}

/// (Σ xᵖ)^(1/p) of each window over the last dimension.
///
///     LPPool1d(2, 3, stride: 2)(Tensor.randn([20, 16, 50])).shape   // [20, 16, 24]
public final class LPPool1d: LPPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.lpPool1d(
      normType, kernelSize: kernelSize.perDimension[0], stride: stride?.perDimension[0],
      ceilMode: ceilMode)
  }
}

/// (Σ xᵖ)^(1/p) of each window over the last two dimensions.
public final class LPPool2d: LPPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.lpPool2d(normType, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
  }
}

/// (Σ xᵖ)^(1/p) of each window over the last three dimensions.
public final class LPPool3d: LPPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.lpPool3d(normType, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
  }
}

import KobaiOperators
import KobaiTensor

/// What pooling layers over windows share.
public class WindowPool: ModuleBase {
  /// The size of a window, one number for all spatial dimensions or one for each; the others likewise.
  public let kernelSize: any PerDimension
  /// The step between windows.
  public let stride: any PerDimension
  /// How far windows may begin before the input and end behind it.
  public let padding: any PerDimension
  /// Whether a last window may end beyond the input.
  public let ceilMode: Bool

  init(
    _ kernelSize: any PerDimension, _ stride: (any PerDimension)?, _ padding: any PerDimension,
    _ ceilMode: Bool
  ) {
    self.kernelSize = kernelSize
    self.stride = stride ?? kernelSize
    self.padding = padding
    self.ceilMode = ceilMode
    super.init()
  }

  public override var extraDescription: String {
    "kernel_size=\(kernelSize.python), stride=\(stride.python), padding=\(padding.python)"
  }
}

/// What max pooling layers share.
public class MaxPoolLayer: WindowPool {
  /// The step between the elements of a window.
  public let dilation: any PerDimension

  /// - Parameters:
  ///   - kernelSize: the window's size.
  ///   - stride: the step between windows; the window's size by default.
  ///   - padding: how far windows may begin before the input, where nothing counts.
  ///   - dilation: the step between the elements of a window.
  ///   - ceilMode: whether a last window may end beyond the input.
  public init(
    _ kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    padding: any PerDimension = 0, dilation: any PerDimension = 1, ceilMode: Bool = false
  ) {
    self.dilation = dilation
    super.init(kernelSize, stride, padding, ceilMode)
  }

  public override var extraDescription: String {
    super.extraDescription + ", dilation=\(dilation.python), ceil_mode=\(ceilMode.python)"
  }
}

/// The largest element of each window over the last 1 dimension.
///
///     MaxPool1d(2)(Tensor.randn([20, 16, 50])).shape   // [20, 16, 25]
public final class MaxPool1d: MaxPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.maxPool1d(
      kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
      ceilMode: ceilMode)
  }

  /// With where in the input each value came from, counted through its last 1 dimension.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    scoped {
      x.maxPool1dWithIndices(
        kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
        ceilMode: ceilMode)
    }
  }
}

/// The largest element of each window over the last 2 dimensions.
///
///     MaxPool2d(2)(Tensor.randn([1, 3, 28, 28])).shape   // [1, 3, 14, 14]
public final class MaxPool2d: MaxPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.maxPool2d(
      kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
      ceilMode: ceilMode)
  }

  /// With where in the input each value came from, counted through its last 2 dimensions.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    scoped {
      x.maxPool2dWithIndices(
        kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
        ceilMode: ceilMode)
    }
  }
}

/// The largest element of each window over the last 3 dimensions.
///
///     MaxPool3d(2)(Tensor.randn([1, 3, 8, 8, 8])).shape   // [1, 3, 4, 4, 4]
public final class MaxPool3d: MaxPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.maxPool3d(
      kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
      ceilMode: ceilMode)
  }

  /// With where in the input each value came from, counted through its last 3 dimensions.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    scoped {
      x.maxPool3dWithIndices(
        kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
        ceilMode: ceilMode)
    }
  }
}

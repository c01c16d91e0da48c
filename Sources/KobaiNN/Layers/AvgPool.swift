import KobaiOperators
import KobaiTensor

/// What average pooling layers share.
public class AvgPoolLayer: WindowPool {
  /// Whether the zeros of the padding count in the mean.
  public let countIncludePad: Bool
  /// What sums are divided by; nil for the number of elements. `AvgPool1d` ignores it.
  public let divisorOverride: Int?

  /// - Parameters:
  ///   - kernelSize: the window's size.
  ///   - stride: the step between windows; the window's size by default.
  ///   - padding: how many zeros stand around the input.
  ///   - ceilMode: whether a last window may end beyond the input.
  ///   - countIncludePad: whether the zeros count in the mean.
  ///   - divisorOverride: what to divide by instead of the number of elements (not in one dimension).
  public init(
    _ kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    padding: any PerDimension = 0, ceilMode: Bool = false, countIncludePad: Bool = true,
    divisorOverride: Int? = nil
  ) {
    self.countIncludePad = countIncludePad
    self.divisorOverride = divisorOverride
    super.init(kernelSize, stride, padding, ceilMode)
  }
}

/// The mean of each window over the last 1 dimension.
///
///     AvgPool1d(2)(Tensor.randn([20, 16, 50])).shape   // [20, 16, 25]
public final class AvgPool1d: AvgPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.avgPool1d(
      kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
      countIncludePad: countIncludePad)
  }
}

/// The mean of each window over the last 2 dimensions.
///
///     AvgPool2d(2)(Tensor.randn([1, 3, 28, 28])).shape   // [1, 3, 14, 14]
public final class AvgPool2d: AvgPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.avgPool2d(
      kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
      countIncludePad: countIncludePad, divisorOverride: divisorOverride)
  }
}

/// The mean of each window over the last 3 dimensions.
///
///     AvgPool3d(2)(Tensor.randn([1, 3, 8, 8, 8])).shape   // [1, 3, 4, 4, 4]
public final class AvgPool3d: AvgPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor {
    x.avgPool3d(
      kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
      countIncludePad: countIncludePad, divisorOverride: divisorOverride)
  }
}

import KobaiOperators
import KobaiTensor

/// The elements of each window over an image, one window after the other.
///
///     Unfold([2, 3])(Tensor.randn([2, 5, 3, 4])).shape   // [2, 30, 4]
public final class Unfold: Module {
  /// Of the windows, one number for both dimensions or [height, width].
  public let kernelSize, dilation, padding, stride: any PerDimension

  /// - Parameters:
  ///   - kernelSize: the window, one number or [height, width]; the others likewise.
  ///   - dilation: the step between the elements of a window.
  ///   - padding: how many zeros stand around the input.
  ///   - stride: the step between windows.
  public init(
    _ kernelSize: any PerDimension, dilation: any PerDimension = 1, padding: any PerDimension = 0,
    stride: any PerDimension = 1
  ) {
    self.kernelSize = kernelSize
    self.dilation = dilation
    self.padding = padding
    self.stride = stride
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.unfold(kernelSize: kernelSize, dilation: dilation, padding: padding, stride: stride)
  }

  public override var extraDescription: String {
    "kernel_size=\(kernelSize.python), dilation=\(dilation.python), padding=\(padding.python), "
      + "stride=\(stride.python)"
  }
}

/// Windows summed at their places: what `Unfold` takes apart, put together.
///
///     Fold([4, 5], [2, 2])(Tensor.randn([1, 12, 12])).shape   // [1, 3, 4, 5]
public final class Fold: Module {
  /// Of the result and of the windows, one number for both dimensions or [height, width].
  public let outputSize, kernelSize, dilation, padding, stride: any PerDimension

  /// - Parameter outputSize: [height, width] of the result.
  public init(
    _ outputSize: any PerDimension, _ kernelSize: any PerDimension, dilation: any PerDimension = 1,
    padding: any PerDimension = 0, stride: any PerDimension = 1
  ) {
    self.outputSize = outputSize
    self.kernelSize = kernelSize
    self.dilation = dilation
    self.padding = padding
    self.stride = stride
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.fold(
      outputSize: outputSize, kernelSize: kernelSize, dilation: dilation, padding: padding,
      stride: stride)
  }

  public override var extraDescription: String {
    "output_size=\(outputSize.python), kernel_size=\(kernelSize.python), dilation=\(dilation.python), "
      + "padding=\(padding.python), stride=\(stride.python)"
  }
}

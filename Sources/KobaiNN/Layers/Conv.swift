import KobaiOperators
import KobaiTensor

/// What `Conv1d`, `Conv2d` and `Conv3d` share.
public class ConvLayer: ConvolutionLayer {
  /// How many dimensions follow the channels.
  class var spatialRank: Int { 0 }

  /// - Parameters:
  ///   - inChannels: the channels of the input.
  ///   - outChannels: the channels of the output.
  ///   - kernelSize: a number for all dimensions, or one for each.
  ///   - stride: the step of the kernel, likewise.
  ///   - padding: numbers, `.valid` (none) or `.same` (the output is as large as the input).
  ///   - dilation: the distance between elements of the kernel.
  ///   - groups: into how many parts the channels are cut that do not see each other; divides both numbers.
  ///   - bias: whether there is one.
  ///   - paddingMode: what stands in the padding.
  ///   - dtype: of the parameters; the default one unless given.
  public required init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: any PerDimension,
    stride: any PerDimension = 1, padding: some ConvolutionPadding,
    dilation: any PerDimension = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .zeros, dtype: DType? = nil
  ) {
    super.init(
      rank: Self.spatialRank, inChannels, outChannels, kernelSize, stride, padding, dilation,
      groups, bias,
      paddingMode, dtype)
  }

  /// Without padding; an inherited initialiser's default cannot say which `ConvolutionPadding` it is.
  public convenience init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: any PerDimension,
    stride: any PerDimension = 1, dilation: any PerDimension = 1, groups: Int = 1,
    bias: Bool = true, paddingMode: PaddingMode = .zeros, dtype: DType? = nil
  ) {
    self.init(
      inChannels, outChannels, kernelSize: kernelSize, stride: stride, padding: 0,
      dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode, dtype: dtype)
  }
}

/// Cross-correlation of sequences [N, C, L] with learned kernels, plus a bias.
///
///     let layer = Conv1d(16, 33, kernelSize: 3, stride: 2)
///     layer(Tensor.randn([20, 16, 50])).shape   // [20, 33, 24]
///
/// `padding` is a number, one for each dimension, `.valid` or `.same`; `paddingMode` what stands there.
/// The first dimension of the input may be missing. See
/// [torch.nn.Conv1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html).
public final class Conv1d: ConvLayer, Forward {
  override class var spatialRank: Int { 1 }

  public func forward(_ x: Tensor) -> Tensor {
    let (x, padding) = padded(x)
    return x.conv1d(
      weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}

/// Cross-correlation of images [N, C, H, W] with learned kernels, plus a bias.
///
///     let layer = Conv2d(1, 32, kernelSize: 3, padding: 1)
///     layer(Tensor.randn([8, 1, 28, 28])).shape   // [8, 32, 28, 28]
///
/// `padding` is a number, one for each dimension, `.valid` or `.same`; `paddingMode` what stands there.
/// The first dimension of the input may be missing. See
/// [torch.nn.Conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html).
public final class Conv2d: ConvLayer, Forward {
  override class var spatialRank: Int { 2 }

  public func forward(_ x: Tensor) -> Tensor {
    let (x, padding) = padded(x)
    return x.conv2d(
      weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}

/// Cross-correlation of volumes [N, C, D, H, W] with learned kernels, plus a bias.
///
///     let layer = Conv3d(3, 8, kernelSize: [3, 5, 5])
///     layer(Tensor.randn([2, 3, 10, 20, 20])).shape   // [2, 8, 8, 16, 16]
///
/// `padding` is a number, one for each dimension, `.valid` or `.same`; `paddingMode` what stands there.
/// The first dimension of the input may be missing. See
/// [torch.nn.Conv3d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html).
public final class Conv3d: ConvLayer, Forward {
  override class var spatialRank: Int { 3 }

  public func forward(_ x: Tensor) -> Tensor {
    let (x, padding) = padded(x)
    return x.conv3d(
      weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}

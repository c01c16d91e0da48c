import KobaiOperators
import KobaiTensor

/// What convolutions share whose number of input channels is that of their first input.
public class LazyConv<Layer: ConvLayer & Forward>: LazyLayer<Layer>, Forward
where Layer.Input == Tensor, Layer.Output == Tensor {
  /// - Parameters: as of `Conv2d`, without the input's channels and the dtype.
  public init(
    _ outChannels: Int, kernelSize: any PerDimension, stride: any PerDimension = 1,
    padding: any ConvolutionPadding = 0, dilation: any PerDimension = 1, groups: Int = 1,
    bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) {
    super.init { x in
      Self.channels("Lazy\(Layer.self)", x, spatial: Layer.spatialRank).map {
        Layer(
          $0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
          dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode, dtype: x.dtype)
      }
    }
  }

  public final func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `Conv1d` whose number of input channels is that of its first input.
public final class LazyConv1d: LazyConv<Conv1d> {}

/// A `Conv2d` whose number of input channels is that of its first input.
public final class LazyConv2d: LazyConv<Conv2d> {}

/// A `Conv3d` whose number of input channels is that of its first input.
public final class LazyConv3d: LazyConv<Conv3d> {}

/// What transposed convolutions share whose number of input channels is that of their first input.
public class LazyConvTranspose<Layer: ConvTransposeLayer & Forward>: LazyLayer<Layer>, Forward
where Layer.Input == Tensor, Layer.Output == Tensor {
  /// - Parameters: as of `ConvTranspose2d`, without the input's channels and the dtype.
  public init(
    _ outChannels: Int, kernelSize: any PerDimension, stride: any PerDimension = 1,
    padding: any PerDimension = 0, outputPadding: any PerDimension = 0, groups: Int = 1,
    bias: Bool = true, dilation: any PerDimension = 1
  ) {
    super.init { x in
      Self.channels("Lazy\(Layer.self)", x, spatial: Layer.spatialRank).map {
        Layer(
          $0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
          outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation,
          dtype: x.dtype)
      }
    }
  }

  public final func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `ConvTranspose1d` whose number of input channels is that of its first input.
public final class LazyConvTranspose1d: LazyConvTranspose<ConvTranspose1d> {}

/// A `ConvTranspose2d` whose number of input channels is that of its first input.
public final class LazyConvTranspose2d: LazyConvTranspose<ConvTranspose2d> {}

/// A `ConvTranspose3d` whose number of input channels is that of its first input.
public final class LazyConvTranspose3d: LazyConvTranspose<ConvTranspose3d> {}

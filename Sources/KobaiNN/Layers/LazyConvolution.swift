import KobaiOperators
import KobaiTensor

/// A `Conv1d` whose number of input channels is that of its first input.
public final class LazyConv1d: LazyLayer<Conv1d>, Forward {
  /// - Parameters: as of `Conv1d`, without the input's channels and the dtype.
  public init(
    _ outChannels: Int, kernelSize: any PerDimension, stride: any PerDimension = 1,
    padding: any ConvolutionPadding = 0, dilation: any PerDimension = 1, groups: Int = 1,
    bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) {
    super.init { x in
      Self.channels("LazyConv1d", x, spatial: 1).map {
        Conv1d(
          $0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
          dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `Conv2d` whose number of input channels is that of its first input.
public final class LazyConv2d: LazyLayer<Conv2d>, Forward {
  /// - Parameters: as of `Conv2d`, without the input's channels and the dtype.
  public init(
    _ outChannels: Int, kernelSize: any PerDimension, stride: any PerDimension = 1,
    padding: any ConvolutionPadding = 0, dilation: any PerDimension = 1, groups: Int = 1,
    bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) {
    super.init { x in
      Self.channels("LazyConv2d", x, spatial: 2).map {
        Conv2d(
          $0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
          dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `Conv3d` whose number of input channels is that of its first input.
public final class LazyConv3d: LazyLayer<Conv3d>, Forward {
  /// - Parameters: as of `Conv3d`, without the input's channels and the dtype.
  public init(
    _ outChannels: Int, kernelSize: any PerDimension, stride: any PerDimension = 1,
    padding: any ConvolutionPadding = 0, dilation: any PerDimension = 1, groups: Int = 1,
    bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) {
    super.init { x in
      Self.channels("LazyConv3d", x, spatial: 3).map {
        Conv3d(
          $0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
          dilation: dilation, groups: groups, bias: bias, paddingMode: paddingMode, dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `ConvTranspose1d` whose number of input channels is that of its first input.
public final class LazyConvTranspose1d: LazyLayer<ConvTranspose1d>, Forward {
  /// - Parameters: as of `ConvTranspose1d`, without the input's channels and the dtype.
  public init(
    _ outChannels: Int, kernelSize: any PerDimension, stride: any PerDimension = 1,
    padding: any PerDimension = 0, outputPadding: any PerDimension = 0, groups: Int = 1,
    bias: Bool = true, dilation: any PerDimension = 1
  ) {
    super.init { x in
      Self.channels("LazyConvTranspose1d", x, spatial: 1).map {
        ConvTranspose1d(
          $0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
          outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation,
          dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `ConvTranspose2d` whose number of input channels is that of its first input.
public final class LazyConvTranspose2d: LazyLayer<ConvTranspose2d>, Forward {
  /// - Parameters: as of `ConvTranspose2d`, without the input's channels and the dtype.
  public init(
    _ outChannels: Int, kernelSize: any PerDimension, stride: any PerDimension = 1,
    padding: any PerDimension = 0, outputPadding: any PerDimension = 0, groups: Int = 1,
    bias: Bool = true, dilation: any PerDimension = 1
  ) {
    super.init { x in
      Self.channels("LazyConvTranspose2d", x, spatial: 2).map {
        ConvTranspose2d(
          $0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
          outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation,
          dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `ConvTranspose3d` whose number of input channels is that of its first input.
public final class LazyConvTranspose3d: LazyLayer<ConvTranspose3d>, Forward {
  /// - Parameters: as of `ConvTranspose3d`, without the input's channels and the dtype.
  public init(
    _ outChannels: Int, kernelSize: any PerDimension, stride: any PerDimension = 1,
    padding: any PerDimension = 0, outputPadding: any PerDimension = 0, groups: Int = 1,
    bias: Bool = true, dilation: any PerDimension = 1
  ) {
    super.init { x in
      Self.channels("LazyConvTranspose3d", x, spatial: 3).map {
        ConvTranspose3d(
          $0, outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
          outputPadding: outputPadding, groups: groups, bias: bias, dilation: dilation,
          dtype: x.dtype)
      }
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

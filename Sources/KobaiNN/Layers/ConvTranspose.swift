import KobaiOperators
import KobaiTensor

/// What `ConvTranspose1d`, `ConvTranspose2d` and `ConvTranspose3d` share.
public class ConvTransposeLayer: ConvolutionLayer {
  /// How many dimensions follow the channels.
  class var spatialRank: Int { 0 }
  final let explicitPadding: [Int]

  /// - Parameters:
  ///   - inChannels: the channels of the input.
  ///   - outChannels: the channels of the output.
  ///   - kernelSize: a number for all dimensions, or one for each.
  ///   - stride: how far apart the kernel's copies stand in the output.
  ///   - padding: what is cut off at each side, of dilation · (kernelSize − 1) that are there without.
  ///   - outputPadding: what is added at the end; less than the stride or the dilation.
  ///   - groups: into how many parts the channels are cut that do not see each other; divides both numbers.
  ///   - bias: whether there is one.
  ///   - dilation: the distance between elements of the kernel.
  ///   - dtype: of the parameters; the default one unless given.
  public required init(
    _ inChannels: Int, _ outChannels: Int, kernelSize: any PerDimension,
    stride: any PerDimension = 1, padding: any PerDimension = 0,
    outputPadding: any PerDimension = 0, groups: Int = 1, bias: Bool = true,
    dilation: any PerDimension = 1, dtype: DType? = nil
  ) {
    explicitPadding = padding.perDimension.filling(Self.spatialRank)
    super.init(
      rank: Self.spatialRank, transposed: true, inChannels, outChannels, kernelSize, stride,
      explicitPadding,
      dilation, groups, bias, .zeros, outputPadding: outputPadding, dtype)
  }

  /// The operation of this rank.
  func transposed(_ x: Tensor, _ outputPadding: [Int]) -> Tensor { .poison }

  /// With an output of just this size, where the stride leaves a choice.
  ///
  /// - Parameter outputSize: the spatial sizes, or all of them.
  public final func callAsFunction(_ x: Tensor, outputSize: [Int]) -> Tensor {
    scoped { transposed(x, outputPadding(for: outputSize, x.shape)) }
  }

  /// How much a transposed convolution must add at the end for an output of this size.
  private func outputPadding(for size: [Int], _ input: Shape) -> [Int] {
    let rank = kernelSize.count
    guard size.count >= rank, input.count >= rank else {
      return misuse(
        "\(type(of: self)): output_size must have \(rank) elements, but is \(size)",
        else: outputPadding)
    }
    let (wanted, given) = (size.suffix(rank), input.suffix(rank))
    var result: [Int] = []
    for (d, (wanted, given)) in zip(wanted, given).enumerated() {
      let smallest =
        (given - 1) * stride[d] - 2 * explicitPadding[d] + dilation[d] * (kernelSize[d] - 1) + 1
      guard wanted >= smallest && wanted < smallest + stride[d] else {
        return misuse(
          "\(type(of: self)): requested an output size of \(size), but valid sizes of dimension \(d) "
            + "range from \(smallest) to \(smallest + stride[d] - 1) (for an input of \(input))",
          else: outputPadding)
      }
      result.append(wanted - smallest)
    }
    return result
  }
}

/// The transpose of `Conv1d`: it enlarges what a strided convolution makes smaller.
///
///     let layer = ConvTranspose1d(16, 33, kernelSize: 3, stride: 2)
///     layer(Tensor.randn([20, 16, 50])).shape   // [20, 33, 101]
///
/// See
/// [torch.nn.ConvTranspose1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html).
public final class ConvTranspose1d: ConvTransposeLayer, Forward {
  override class var spatialRank: Int { 1 }

  public func forward(_ x: Tensor) -> Tensor { transposed(x, outputPadding) }

  override func transposed(_ x: Tensor, _ outputPadding: [Int]) -> Tensor {
    x.convTranspose1d(
      weight, bias: bias, stride: stride, padding: explicitPadding, outputPadding: outputPadding,
      groups: groups, dilation: dilation)
  }
}

/// The transpose of `Conv2d`: it enlarges what a strided convolution makes smaller.
///
///     let layer = ConvTranspose2d(16, 8, kernelSize: 4, stride: 2, padding: 1)
///     layer(Tensor.randn([1, 16, 14, 14])).shape   // [1, 8, 28, 28]
///
/// See
/// [torch.nn.ConvTranspose2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html).
public final class ConvTranspose2d: ConvTransposeLayer, Forward {
  override class var spatialRank: Int { 2 }

  public func forward(_ x: Tensor) -> Tensor { transposed(x, outputPadding) }

  override func transposed(_ x: Tensor, _ outputPadding: [Int]) -> Tensor {
    x.convTranspose2d(
      weight, bias: bias, stride: stride, padding: explicitPadding, outputPadding: outputPadding,
      groups: groups, dilation: dilation)
  }
}

/// The transpose of `Conv3d`: it enlarges what a strided convolution makes smaller.
///
///     let layer = ConvTranspose3d(16, 8, kernelSize: 2, stride: 2)
///     layer(Tensor.randn([1, 16, 4, 5, 6])).shape   // [1, 8, 8, 10, 12]
///
/// See
/// [torch.nn.ConvTranspose3d](https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html).
public final class ConvTranspose3d: ConvTransposeLayer, Forward {
  override class var spatialRank: Int { 3 }

  public func forward(_ x: Tensor) -> Tensor { transposed(x, outputPadding) }

  override func transposed(_ x: Tensor, _ outputPadding: [Int]) -> Tensor {
    x.convTranspose3d(
      weight, bias: bias, stride: stride, padding: explicitPadding, outputPadding: outputPadding,
      groups: groups, dilation: dilation)
  }
}

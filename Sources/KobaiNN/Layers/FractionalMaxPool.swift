import KobaiOperators
import KobaiTensor

/// What fractional max pooling layers share (Graham, 2014).
public class FractionalMaxPoolLayer: ModuleBase {
  /// The size of a window, one number for all spatial dimensions or one for each.
  public let kernelSize: any PerDimension
  /// The output's sizes; exactly one of this and `outputRatio` is given.
  public let outputSize: (any PerDimension)?
  /// The output's sizes as parts of the input's, one number or one for each dimension.
  public let outputRatio: [Double]?
  /// Where the windows begin, for results that repeat; drawn for each call unless given.
  @Buffer(key: "_random_samples") public final var randomSamples: Tensor? = nil

  /// One of `outputSize` and `outputRatio` must be given, and not both.
  ///
  /// - Parameters:
  ///   - kernelSize: the size of a window, one number for all spatial dimensions or one for each.
  ///   - outputSize: the output's spatial sizes, likewise.
  ///   - outputRatio: the output's spatial sizes as parts of the input's, each between 0 and 1, rounded down.
  ///   - randomSamples: [N, C, spatial dimensions], in [0, 1): where the windows begin; drawn for each call
  ///     unless given.
  public init(
    _ kernelSize: any PerDimension, outputSize: (any PerDimension)? = nil,
    outputRatio: [Double]? = nil, randomSamples: Tensor? = nil
  ) {
    self.kernelSize = kernelSize
    self.outputSize = outputSize
    self.outputRatio = outputRatio
    super.init()
    self.randomSamples = randomSamples
    if (outputSize == nil) == (outputRatio == nil) {
      misuse(
        "\(type(of: self)): requires specifying either an output size, or a pooling ratio, and not both",
        else: ())
    }
    if let outputRatio, !outputRatio.allSatisfy({ $0 > 0 && $0 < 1 }) {
      misuse(
        "\(type(of: self)): output_ratio must be between 0 and 1 (got \(outputRatio))", else: ())
    }
  }

  /// The output's sizes for an input.
  final func sizes(_ x: Tensor, _ spatial: Int) -> any PerDimension {
    if let outputSize { return outputSize }
    guard let outputRatio, x.rank >= spatial, [1, spatial].contains(outputRatio.count) else {
      return 0
    }
    return x.shape.suffix(spatial).enumerated().map { i, size in
      Int(Double(size) * outputRatio[outputRatio.count == 1 ? 0 : i])
    }
  }

  public override var extraDescription: String { "" }
}

/// The largest elements of windows over the last two dimensions whose steps are drawn.
///
///     FractionalMaxPool2d(3, outputRatio: [0.5])(Tensor.randn([20, 16, 50, 32])).shape   // [20, 16, 25, 16]
public final class FractionalMaxPool2d: FractionalMaxPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { pooled(x).values }

  /// With where in the last two dimensions each value came from.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    scoped { pooled(x) }
  }

  private func pooled(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    x.fractionalMaxPool2dWithIndices(
      kernelSize: kernelSize, outputSize: sizes(x, 2), randomSamples: randomSamples)
  }
}

/// The largest elements of windows over the last three dimensions whose steps are drawn.
public final class FractionalMaxPool3d: FractionalMaxPoolLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { pooled(x).values }

  /// With where in the last three dimensions each value came from.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    scoped { pooled(x) }
  }

  private func pooled(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    x.fractionalMaxPool3dWithIndices(
      kernelSize: kernelSize, outputSize: sizes(x, 3), randomSamples: randomSamples)
  }
}

import KobaiOperators
import KobaiTensor

/// What batch normalization layers share whose number of channels is that of their first input.
public class LazyBatchNorm<Layer: BatchNormLayer & Forward>: LazyLayer<Layer>, Forward
where Layer.Input == Tensor, Layer.Output == Tensor {
  /// - Parameters:
  ///   - eps: added to the variance.
  ///   - momentum: the weight of a batch in the running statistics; nil for their plain mean.
  ///   - affine: whether there are a weight and a bias.
  ///   - bias: whether an affine layer has a bias.
  ///   - trackRunningStats: whether there are running statistics; without them evaluation uses the batch's.
  public init(
    eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
    trackRunningStats: Bool = true
  ) {
    super.init { x in
      guard x.rank >= 2 else {
        return misuse(
          "Lazy\(Layer.self): expected at least 2D input (got \(x.rank)D input)", else: nil)
      }
      return Layer(
        x.size(1), eps: eps, momentum: momentum, affine: affine, bias: bias,
        trackRunningStats: trackRunningStats, dtype: x.dtype)
    }
  }

  public final func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// A `BatchNorm1d` whose number of channels is that of its first input.
public final class LazyBatchNorm1d: LazyBatchNorm<BatchNorm1d> {}

/// A `BatchNorm2d` whose number of channels is that of its first input.
public final class LazyBatchNorm2d: LazyBatchNorm<BatchNorm2d> {}

/// A `BatchNorm3d` whose number of channels is that of its first input.
public final class LazyBatchNorm3d: LazyBatchNorm<BatchNorm3d> {}

/// What instance normalization layers share whose number of channels is that of their first input.
public class LazyInstanceNorm<Layer: InstanceNormLayer & Forward>: LazyLayer<Layer>, Forward
where Layer.Input == Tensor, Layer.Output == Tensor {
  /// - Parameters:
  ///   - eps: added to the variance.
  ///   - momentum: the weight of a batch in the running statistics.
  ///   - affine: whether there are a weight and a bias.
  ///   - bias: whether an affine layer has a bias.
  ///   - trackRunningStats: whether evaluation uses running statistics.
  public init(
    eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, bias: Bool = true,
    trackRunningStats: Bool = true
  ) {
    super.init { x in
      Self.channels("Lazy\(Layer.self)", x, spatial: Layer.spatialRank).map {
        Layer(
          $0, eps: eps, momentum: momentum, affine: affine, bias: bias,
          trackRunningStats: trackRunningStats, dtype: x.dtype)
      }
    }
  }

  public final func forward(_ x: Tensor) -> Tensor { run(x) }
}

/// An `InstanceNorm1d` whose number of channels is that of its first input.
public final class LazyInstanceNorm1d: LazyInstanceNorm<InstanceNorm1d> {}

/// An `InstanceNorm2d` whose number of channels is that of its first input.
public final class LazyInstanceNorm2d: LazyInstanceNorm<InstanceNorm2d> {}

/// An `InstanceNorm3d` whose number of channels is that of its first input.
public final class LazyInstanceNorm3d: LazyInstanceNorm<InstanceNorm3d> {}

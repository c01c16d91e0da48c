import KobaiOperators
import KobaiTensor

/// What batch and instance normalization share: the parameters [C] and the running statistics.
///
/// State: `weight` (ones at first) and `bias` (zeros); `running_mean`, `running_var` and
/// `num_batches_tracked`.
public class RunningNorm: ModuleBase {
  /// The number of channels C.
  public let numFeatures: Int
  /// What is added to the variance.
  public let eps: Double
  /// The weight of a batch in the running statistics; nil for their plain mean.
  public let momentum: Double?
  /// Whether there are a weight and a bias.
  public let affine: Bool
  /// [C], the factor of each channel; nil without `affine`.
  @Parameter public var weight: Tensor?
  /// [C]; nil without a bias.
  @Parameter public var bias: Tensor?
  /// [C], zeros at first; nil if no running statistics are kept.
  @Buffer public var runningMean: Tensor?
  /// [C], ones at first, an average of unbiased variances; nil if no running statistics are kept.
  @Buffer public var runningVar: Tensor?
  /// How many batches were counted, an int64 number; nil if no running statistics are kept.
  @Buffer public var numBatchesTracked: Tensor?

  init(
    _ numFeatures: Int, _ eps: Double, _ momentum: Double?, _ affine: Bool, _ bias: Bool,
    _ trackRunningStats: Bool, _ dtype: DType?
  ) {
    self.numFeatures = numFeatures
    self.eps = eps
    self.momentum = momentum
    self.affine = affine
    weight = affine ? Tensor.ones([numFeatures], dtype: dtype) : nil
    self.bias = affine && bias ? Tensor.zeros([numFeatures], dtype: dtype) : nil
    runningMean = trackRunningStats ? Tensor.zeros([numFeatures], dtype: dtype) : nil
    runningVar = trackRunningStats ? Tensor.ones([numFeatures], dtype: dtype) : nil
    numBatchesTracked = trackRunningStats ? Tensor(0, dtype: .int64) : nil
    super.init()
  }

  /// Whether there are running statistics.
  public final var tracksRunningStats: Bool { runningMean != nil }

  /// Statistics of no example yet: mean 0, variance 1.
  public final func resetRunningStats() {
    noGrad {
      runningMean?.zero_()
      runningVar?.fill_(1)
      numBatchesTracked?.zero_()
    }
  }

  /// Counts a batch; the weight of its statistics in the running ones.
  final func countBatch() -> Double {
    guard isTraining, let count = numBatchesTracked.map({ $0 + 1 }) else { return momentum ?? 0 }
    numBatchesTracked = count
    return momentum ?? 1 / count.item()
  }

  final func checkRank(_ x: Tensor, _ ranks: ClosedRange<Int>) -> Bool {
    if ranks.contains(x.rank) || x.isPoisoned { return true }
    let expected =
      ranks.count == 1 ? "\(ranks.lowerBound)D" : "\(ranks.lowerBound)D or \(ranks.upperBound)D"
    return misuse(
      "\(type(of: self)): expected \(expected) input (got \(x.rank)D input)", else: false)
  }

  public override var extraDescription: String {
    "\(numFeatures), eps=\(eps.python), momentum=\(momentum?.python ?? "None"), "
      + "affine=\(affine.python), bias=\((bias != nil).python), "
      + "track_running_stats=\(tracksRunningStats.python)"
  }
}

/// What batch normalization layers share.
public class BatchNormLayer: RunningNorm {
  /// - Parameters:
  ///   - numFeatures: the number of channels C.
  ///   - eps: added to the variance.
  ///   - momentum: the weight of a batch in the running statistics; nil for their plain mean.
  ///   - affine: whether there are a weight and a bias.
  ///   - bias: whether an affine layer has a bias.
  ///   - trackRunningStats: whether there are running statistics; without them evaluation uses the batch's.
  public required init(
    _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    bias: Bool = true, trackRunningStats: Bool = true, dtype: DType? = nil
  ) {
    super.init(numFeatures, eps, momentum, affine, bias, trackRunningStats, dtype)
  }

  final func normalize(_ x: Tensor, ranks: ClosedRange<Int>) -> Tensor {
    guard checkRank(x, ranks) else { return .poison }
    let momentum = countBatch()
    return x.batchNorm(
      runningMean: runningMean, runningVar: runningVar, weight: weight, bias: bias,
      training: isTraining || !tracksRunningStats, momentum: momentum, eps: eps)
  }
}

/// Normalizes each channel of [N, C] or [N, C, L] over the batch (Ioffe & Szegedy 2015).
///
///     let layer = BatchNorm1d(100)
///     layer(Tensor.randn([20, 100])).shape   // [20, 100]
///
/// In training the batch's mean and biased variance are used and the running ones updated; in evaluation
/// the running ones are used.
public final class BatchNorm1d: BatchNormLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { normalize(x, ranks: 2...3) }
}

/// Normalizes each channel of images [N, C, H, W] over the batch; see `BatchNorm1d`.
public final class BatchNorm2d: BatchNormLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { normalize(x, ranks: 4...4) }
}

/// Normalizes each channel of volumes [N, C, D, H, W] over the batch; see `BatchNorm1d`.
public final class BatchNorm3d: BatchNormLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { normalize(x, ranks: 5...5) }
}

/// What instance normalization layers share.
public class InstanceNormLayer: RunningNorm {
  /// - Parameters:
  ///   - numFeatures: the number of channels C.
  ///   - eps: added to the variance.
  ///   - momentum: the weight of a batch in the running statistics.
  ///   - affine: whether there are a weight and a bias.
  ///   - trackRunningStats: whether evaluation uses running statistics.
  public required init(
    _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false,
    bias: Bool = true, trackRunningStats: Bool = false, dtype: DType? = nil
  ) {
    super.init(numFeatures, eps, momentum, affine, bias, trackRunningStats, dtype)
  }

  /// How many dimensions follow the channels.
  class var spatialRank: Int { 0 }

  final func normalize(_ x: Tensor) -> Tensor {
    let rank = Self.spatialRank + 2
    guard checkRank(x, rank - 1...rank) else { return .poison }
    let batch = x.rank == rank ? x : x.unsqueeze(0)
    let y = batch.instanceNorm(
      runningMean: runningMean, runningVar: runningVar, weight: weight, bias: bias,
      useInputStats: isTraining || !tracksRunningStats, momentum: momentum ?? 0, eps: eps)
    return x.rank == rank ? y : y.squeeze(dim: 0)
  }
}

/// Normalizes each channel of each example of [N, C, L] or [C, L] (Ulyanov et al. 2016).
///
///     InstanceNorm1d(100)(Tensor.randn([20, 100, 40])).shape   // [20, 100, 40]
public final class InstanceNorm1d: InstanceNormLayer, Forward {
  override class var spatialRank: Int { 1 }
  public func forward(_ x: Tensor) -> Tensor { normalize(x) }
}

/// Normalizes each channel of each image of [N, C, H, W] or [C, H, W].
public final class InstanceNorm2d: InstanceNormLayer, Forward {
  override class var spatialRank: Int { 2 }
  public func forward(_ x: Tensor) -> Tensor { normalize(x) }
}

/// Normalizes each channel of each volume of [N, C, D, H, W] or [C, D, H, W].
public final class InstanceNorm3d: InstanceNormLayer, Forward {
  override class var spatialRank: Int { 3 }
  public func forward(_ x: Tensor) -> Tensor { normalize(x) }
}

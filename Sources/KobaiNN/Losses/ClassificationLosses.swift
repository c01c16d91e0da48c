import KobaiOperators
import KobaiTensor

// Losses of classification as modules; the functions of the same names say what they compute.

/// The negative log-likelihood of classes under softmax; see `crossEntropy`.
///
///     CrossEntropyLoss()(Tensor.zeros([2, 10]), Tensor([3, 7]))   // tensor(2.3026)
public final class CrossEntropyLoss: Module2 {
  /// [C], a factor for each class; nil for none.
  @Buffer public var weight: Tensor?
  /// The class that contributes nothing.
  public let ignoreIndex: Int
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction
  /// How much of a target is spread evenly over all classes.
  public let labelSmoothing: Double

  /// - Parameters:
  ///   - weight: [C], a factor for each class; a mean over classes divides by those of the targets.
  ///   - ignoreIndex: a target that contributes nothing, neither to the sum nor to what a mean divides by.
  ///   - reduction: `.mean`, `.sum` or `.none`.
  ///   - labelSmoothing: in 0 ... 1, how much of a target is spread evenly over all classes.
  public init(
    weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: LossReduction = .mean,
    labelSmoothing: Double = 0
  ) {
    self.weight = weight
    self.ignoreIndex = ignoreIndex
    self.reduction = reduction
    self.labelSmoothing = labelSmoothing
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    crossEntropy(
      input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction,
      labelSmoothing: labelSmoothing)
  }
}

/// The negative log-likelihood of classes, from log-probabilities; see `nllLoss`.
public final class NLLLoss: Module2 {
  /// [C], a factor for each class; nil for none.
  @Buffer public var weight: Tensor?
  /// The class that contributes nothing.
  public let ignoreIndex: Int
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - weight: [C], a factor for each class; a mean divides by those of the targets.
  ///   - ignoreIndex: a target that contributes nothing, neither to the sum nor to what a mean divides by.
  ///   - reduction: `.mean`, `.sum` or `.none`.
  public init(weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: LossReduction = .mean) {
    self.weight = weight
    self.ignoreIndex = ignoreIndex
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    nllLoss(input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
  }
}

/// Binary cross entropy of probabilities; see `binaryCrossEntropy`.
///
///     BCELoss()(Tensor([0.1, 0.9, 0.2]), Tensor([0.0, 1.0, 1.0]))   // tensor(0.6067)
public final class BCELoss: Module2 {
  /// A factor for each element, broadcast; nil for none.
  @Buffer public var weight: Tensor?
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - weight: a factor for each element; broadcasts. A mean divides by the number of elements still.
  ///   - reduction: `.mean`, `.sum` or `.none`.
  public init(weight: Tensor? = nil, reduction: LossReduction = .mean) {
    self.weight = weight
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    binaryCrossEntropy(input, target, weight: weight, reduction: reduction)
  }
}

/// Binary cross entropy of logits; see `binaryCrossEntropyWithLogits`.
public final class BCEWithLogitsLoss: Module2 {
  /// A factor for each element, broadcast; nil for none.
  @Buffer public var weight: Tensor?
  /// A factor for the part of each target that is 1, broadcast; nil for none.
  @Buffer public var posWeight: Tensor?
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - weight: a factor for each element; broadcasts. A mean divides by the number of elements still.
  ///   - reduction: `.mean`, `.sum` or `.none`.
  ///   - posWeight: a factor for the part of each target that is 1, for classes that are rare; broadcasts.
  public init(weight: Tensor? = nil, reduction: LossReduction = .mean, posWeight: Tensor? = nil) {
    self.weight = weight
    self.reduction = reduction
    self.posWeight = posWeight
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    binaryCrossEntropyWithLogits(
      input, target, weight: weight, reduction: reduction, posWeight: posWeight)
  }
}

/// The Kullback-Leibler divergence of log-probabilities from a target; see `klDiv`.
public final class KLDivLoss: Module2 {
  /// What becomes of all elements; only `.batchMean` gives the divergence itself.
  public let reduction: DivergenceReduction
  /// Whether the target holds logarithms of probabilities.
  public let logTarget: Bool

  /// - Parameters:
  ///   - reduction: `.mean` divides by the number of elements, `.batchMean` by the first dimension's size,
  ///     as the divergence is defined.
  ///   - logTarget: whether the target holds logarithms of probabilities.
  public init(reduction: DivergenceReduction = .mean, logTarget: Bool = false) {
    self.reduction = reduction
    self.logTarget = logTarget
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    klDiv(input, target, reduction: reduction, logTarget: logTarget)
  }
}

/// Small for similar pairs (target 1), large for dissimilar (−1); see `hingeEmbeddingLoss`.
public final class HingeEmbeddingLoss: Module2 {
  /// From which distance on dissimilar pairs cost nothing.
  public let margin: Double
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - margin: from which distance on dissimilar pairs cost nothing.
  ///   - reduction: `.mean`, `.sum` or `.none`.
  public init(margin: Double = 1, reduction: LossReduction = .mean) {
    self.margin = margin
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    hingeEmbeddingLoss(input, target, margin: margin, reduction: reduction)
  }
}

import KobaiOperators
import KobaiTensor

// Losses that compare inputs with each other; the functions of the same names say what they compute.

/// Small where the first input ranks above the second as the target (±1) says.
public final class MarginRankingLoss: Module3 {
  public let margin: Double
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  public init(margin: Double = 0, reduction: LossReduction = .mean) {
    self.margin = margin
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input1: Tensor, _ input2: Tensor, _ target: Tensor) -> Tensor {
    marginRankingLoss(input1, input2, target, margin: margin, reduction: reduction)
  }
}

/// Small where two vectors are as similar as the target (±1) says.
public final class CosineEmbeddingLoss: Module3 {
  public let margin: Double
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  public init(margin: Double = 0, reduction: LossReduction = .mean) {
    self.margin = margin
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input1: Tensor, _ input2: Tensor, _ target: Tensor) -> Tensor {
    cosineEmbeddingLoss(input1, input2, target, margin: margin, reduction: reduction)
  }
}

/// Small where an anchor is nearer to the positive than to the negative.
public final class TripletMarginLoss: Module3 {
  public let margin, p, eps: Double
  public let swap: Bool
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  public init(
    margin: Double = 1, p: Double = 2, eps: Double = 1e-6, swap: Bool = false,
    reduction: LossReduction = .mean
  ) {
    self.margin = margin
    self.p = p
    self.eps = eps
    self.swap = swap
    self.reduction = reduction
    super.init()
  }

  public func forward(_ anchor: Tensor, _ positive: Tensor, _ negative: Tensor) -> Tensor {
    tripletMarginLoss(
      anchor, positive, negative, margin: margin, p: p, eps: eps, swap: swap,
      reduction: reduction)
  }
}

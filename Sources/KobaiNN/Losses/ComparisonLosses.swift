import KobaiOperators
import KobaiTensor

// Losses that compare inputs with each other; the functions of the same names say what they compute.

/// Small where the first input ranks above the second as the target (±1) says.
public final class MarginRankingLoss: Module3 {
  /// By how much the first input must rank above or below the second for a loss of 0.
  public let margin: Double
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - margin: by how much the inputs must differ for a loss of 0.
  ///   - reduction: `.mean`, `.sum` or `.none`.
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
  /// The cosine up to which dissimilar vectors cost nothing.
  public let margin: Double
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - margin: the cosine up to which dissimilar vectors cost nothing; 0 to 0.5 is usual.
  ///   - reduction: `.mean`, `.sum` or `.none`.
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
  /// By how much the negative must be further away than the positive, the norm's degree, and what is added
  /// to each difference.
  public let margin, p, eps: Double
  /// Whether the distance of the positive from the negative counts where it is the smaller one.
  public let swap: Bool
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - margin: by how much the negative must be further away for a loss of 0; a call refuses 0 and less.
  ///   - p: the degree of the norm that distances are measured in.
  ///   - eps: is added to each difference.
  ///   - swap: whether d(positive, negative) is taken for d(anchor, negative) where it is smaller
  ///     (Balntas et al. 2016).
  ///   - reduction: `.mean`, `.sum` or `.none`.
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

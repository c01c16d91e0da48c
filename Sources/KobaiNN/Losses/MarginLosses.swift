import KobaiOperators
import KobaiTensor

/// log(1 + exp(−t · x)) of each score and class t = ±1.
public final class SoftMarginLoss: Module2 {
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameter reduction: `.mean`, `.sum` or `.none`.
  public init(reduction: LossReduction = .mean) {
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    softMarginLoss(input, target, reduction: reduction)
  }
}

/// The binary cross entropy of several labels, averaged over the classes.
public final class MultiLabelSoftMarginLoss: Module2 {
  /// [C], a factor for each class; nil for none.
  @Buffer public var weight: Tensor?
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameter weight: [C], a factor for each class.
  public init(weight: Tensor? = nil, reduction: LossReduction = .mean) {
    self.weight = weight
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    multilabelSoftMarginLoss(input, target, weight: weight, reduction: reduction)
  }
}

/// Σ max(0, 1 − x_j + x_i) / C over the target classes j and the other classes i.
public final class MultiLabelMarginLoss: Module2 {
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameter reduction: `.mean`, `.sum` or `.none`.
  public init(reduction: LossReduction = .mean) {
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    multilabelMarginLoss(input, target, reduction: reduction)
  }
}

/// Σ max(0, margin − x_t + x_j)ᵖ / C over the classes j other than the target's.
public final class MultiMarginLoss: Module2 {
  /// The exponent, 1 or 2.
  public let p: Int
  /// By how much the target's score must exceed the others for a loss of 0.
  public let margin: Double
  /// [C], a factor for each target's class; nil for none.
  @Buffer public var weight: Tensor?
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - p: 1 or 2.
  ///   - weight: [C], a factor for each target's class.
  public init(
    p: Int = 1, margin: Double = 1, weight: Tensor? = nil, reduction: LossReduction = .mean
  ) {
    self.p = p
    self.margin = margin
    self.weight = weight
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    multiMarginLoss(
      input, target, p: p, margin: margin, weight: weight, reduction: reduction)
  }
}

import KobaiOperators
import KobaiTensor

// Losses of regression as modules; the functions of the same names say what they compute.

/// The mean squared error.
///
///     MSELoss()(Tensor([400.0, 500.0]), Tensor([450.0, 500.0]))   // tensor(1250.)
public final class MSELoss: Module2 {
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameter reduction: `.mean`, `.sum` or `.none`.
  public init(reduction: LossReduction = .mean) {
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    mseLoss(input, target, reduction: reduction)
  }
}

/// The mean absolute error.
///
///     L1Loss()(Tensor([1.0, 2.0]), Tensor([2.0, 4.0]))   // tensor(1.5000)
public final class L1Loss: Module2 {
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameter reduction: `.mean`, `.sum` or `.none`.
  public init(reduction: LossReduction = .mean) {
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    l1Loss(input, target, reduction: reduction)
  }
}

/// Squared near 0, absolute further away than `beta`; see `smoothL1Loss`.
public final class SmoothL1Loss: Module2 {
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction
  /// The difference from which on the loss is absolute.
  public let beta: Double

  /// - Parameters:
  ///   - reduction: `.mean`, `.sum` or `.none`.
  ///   - beta: the difference from which on the loss is absolute; 0 makes it `L1Loss`. A call refuses less.
  public init(reduction: LossReduction = .mean, beta: Double = 1) {
    self.reduction = reduction
    self.beta = beta
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    smoothL1Loss(input, target, reduction: reduction, beta: beta)
  }
}

/// Squared near 0, absolute further away than `delta`; see `huberLoss`.
public final class HuberLoss: Module2 {
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction
  /// The difference from which on the loss is absolute.
  public let delta: Double

  /// - Parameters:
  ///   - reduction: `.mean`, `.sum` or `.none`.
  ///   - delta: the difference from which on the loss is absolute; a call refuses 0 and less.
  public init(reduction: LossReduction = .mean, delta: Double = 1) {
    self.reduction = reduction
    self.delta = delta
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    huberLoss(input, target, reduction: reduction, delta: delta)
  }
}

/// The negative log-likelihood of counts; see `poissonNLLLoss`.
public final class PoissonNLLLoss: Module2 {
  /// Whether the input is the logarithm of the rate, and whether Stirling's approximation is added.
  public let logInput, full: Bool
  /// What is added to the rate before its logarithm is taken.
  public let eps: Double
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - logInput: whether the input is the logarithm of the rate, or the rate itself.
  ///   - full: adds Stirling's approximation of log t! for targets t above 1.
  ///   - eps: is added to the rate before its logarithm is taken; of no effect with `logInput`.
  ///   - reduction: `.mean`, `.sum` or `.none`.
  public init(
    logInput: Bool = true, full: Bool = false, eps: Double = 1e-8, reduction: LossReduction = .mean
  ) {
    self.logInput = logInput
    self.full = full
    self.eps = eps
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    poissonNLLLoss(
      input, target, logInput: logInput, full: full, eps: eps, reduction: reduction)
  }
}

/// The negative log-likelihood of normal values; see `gaussianNLLLoss`.
public final class GaussianNLLLoss: Module3 {
  /// Whether the constant log(2π) / 2 is added.
  public let full: Bool
  /// The smallest variance.
  public let eps: Double
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction

  /// - Parameters:
  ///   - full: adds the constant log(2π) / 2, which no gradient depends on.
  ///   - eps: the smallest variance; where it takes effect, gradients pass through.
  ///   - reduction: `.mean`, `.sum` or `.none`.
  public init(full: Bool = false, eps: Double = 1e-6, reduction: LossReduction = .mean) {
    self.full = full
    self.eps = eps
    self.reduction = reduction
    super.init()
  }

  public func forward(_ input: Tensor, _ target: Tensor, _ variance: Tensor) -> Tensor {
    gaussianNLLLoss(
      input, target, variance: variance, full: full, eps: eps, reduction: reduction)
  }
}

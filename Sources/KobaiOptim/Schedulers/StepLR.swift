import KobaiTensor

/// The rate is multiplied by `gamma` every `stepSize` epochs.
///
///     StepLR(optimizer, stepSize: 30, gamma: 0.1)   // lr, lr … lr (epoch 29), 0.1 lr …
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html>
public final class StepLR: LRScheduler {
  private let stepSize: Int
  private let gamma: Double

  /// - Parameters:
  ///   - stepSize: epochs between changes; at least 1.
  ///   - gamma: the factor.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(_ optimizer: Optimizer, stepSize: Int, gamma: Double = 0.1, lastEpoch: Int = -1) {
    if stepSize < 1 {
      misuse("StepLR: stepSize is \(stepSize); it must be at least 1", else: ())
    }
    self.stepSize = max(stepSize, 1)
    self.gamma = gamma
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  public override func rates() -> [Double] {
    let changes = lastEpoch != 0 && lastEpoch % stepSize == 0
    return currentLRs.map { changes ? $0 * gamma : $0 }
  }

  public override func closedForm() -> [Double]? {
    baseLRs.map { $0 * power(gamma, Double(lastEpoch / stepSize)) }
  }
}

/// The rate is multiplied by `gamma` at each milestone.
///
///     MultiStepLR(optimizer, milestones: [30, 80], gamma: 0.1)
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html>
public final class MultiStepLR: LRScheduler {
  private let milestones: [Int]
  private let gamma: Double

  /// - Parameters:
  ///   - milestones: epochs; one that stands twice counts twice.
  ///   - gamma: the factor.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(
    _ optimizer: Optimizer, milestones: [Int], gamma: Double = 0.1, lastEpoch: Int = -1
  ) {
    self.milestones = milestones
    self.gamma = gamma
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  public override func rates() -> [Double] {
    let times = milestones.count { $0 == lastEpoch }
    return currentLRs.map { times == 0 ? $0 : $0 * power(gamma, Double(times)) }
  }

  public override func closedForm() -> [Double]? {
    let times = milestones.count { $0 <= lastEpoch }
    return baseLRs.map { $0 * power(gamma, Double(times)) }
  }
}

/// The rate is multiplied by `gamma` every epoch.
///
///     ExponentialLR(optimizer, gamma: 0.95)   // lr, 0.95 lr, 0.9025 lr …
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html>
public final class ExponentialLR: LRScheduler {
  private let gamma: Double

  /// - Parameters:
  ///   - gamma: the factor.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(_ optimizer: Optimizer, gamma: Double, lastEpoch: Int = -1) {
    self.gamma = gamma
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  public override func rates() -> [Double] { currentLRs.map { isInitial ? $0 : $0 * gamma } }

  public override func closedForm() -> [Double]? {
    baseLRs.map { $0 * power(gamma, Double(lastEpoch)) }
  }
}

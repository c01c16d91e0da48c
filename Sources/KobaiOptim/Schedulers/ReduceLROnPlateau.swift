import KobaiTensor

/// Reduces the rate when a metric has stopped improving.
///
///     let scheduler = ReduceLROnPlateau(optimizer, patience: 5)
///     scheduler.step(validationLoss)
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html>
public final class ReduceLROnPlateau: LRScheduler {
  /// Whether smaller or larger is better.
  public enum Mode: String, Sendable { case min, max }
  /// Whether the threshold is a share of the best value or a difference from it.
  public enum ThresholdMode: String, Sendable { case rel, abs }

  private let mode: Mode
  private let factor: Double
  private let patience: Int
  private let threshold: Double
  private let thresholdMode: ThresholdMode
  private let cooldown: Int
  private let minLR: [Double]
  private let eps: Double

  /// The best metric so far.
  public private(set) var best: Double
  /// Epochs since the best one.
  public private(set) var badEpochs = 0
  private var cooldownCounter = 0

  /// - Parameters:
  ///   - mode: whether smaller or larger is better.
  ///   - factor: less than 1.
  ///   - patience: how many epochs without improvement are allowed.
  ///   - threshold: what counts as an improvement.
  ///   - thresholdMode: of the threshold.
  ///   - cooldown: epochs after a reduction in which bad ones do not count.
  ///   - minLR: the smallest rate, for all groups or for each.
  ///   - eps: smaller changes are not made.
  public init(
    _ optimizer: Optimizer, mode: Mode = .min, factor: Double = 0.1, patience: Int = 10,
    threshold: Double = 1e-4, thresholdMode: ThresholdMode = .rel, cooldown: Int = 0,
    minLR: [Double] = [0], eps: Double = 1e-8
  ) {
    check(factor < 1, "ReduceLROnPlateau", "Factor should be < 1.0, but is \(factor)")
    self.mode = mode
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.thresholdMode = thresholdMode
    self.cooldown = cooldown
    self.eps = eps
    best = mode == .min ? .infinity : -.infinity
    self.minLR = minLR
    super.init(optimizer, lastEpoch: -1)
    _ = perGroup(minLR, "minLR")
    lastEpoch = 0
    lastLR = currentLRs
  }

  /// Goes on to the next epoch, whose metric is given.
  public func step(_ metric: Double) {
    lastEpoch += 1
    if isBetter(metric) {
      (best, badEpochs) = (metric, 0)
    } else {
      badEpochs += 1
    }
    if cooldownCounter > 0 {
      cooldownCounter -= 1
      badEpochs = 0
    }
    if badEpochs > patience {
      reduce()
      (cooldownCounter, badEpochs) = (cooldown, 0)
    }
    lastLR = currentLRs
  }

  /// Goes on to the next epoch, whose metric is the element of a tensor.
  public func step(_ metric: Tensor) { step(metric.item()) }

  public override func step() {
    misuse("ReduceLROnPlateau: step needs the metric: step(validationLoss)", else: ())
  }

  private func reduce() {
    for (group, least) in zip(optimizer.parameterGroups, perGroup(minLR, "minLR")) {
      let new = max(group.lr * factor, least)
      if group.lr - new > eps { group.lr = new }
    }
  }

  private func isBetter(_ metric: Double) -> Bool {
    switch (mode, thresholdMode) {
    case (.min, .rel): metric < best * (1 - threshold)
    case (.min, .abs): metric < best - threshold
    case (.max, .rel): metric > best * (threshold + 1)
    case (.max, .abs): metric > best + threshold
    }
  }

  public override func stateDict() -> [String: HyperparameterValue] {
    super.stateDict().merging([
      "best": .number(best), "num_bad_epochs": .number(Double(badEpochs)),
      "cooldown_counter": .number(Double(cooldownCounter)),
    ]) { $1 }
  }

  public override func load(_ state: [String: HyperparameterValue]) throws {
    let reader = SchedulerState(state, "ReduceLROnPlateau")
    let best = try reader.number("best")
    let (bad, cooling) = (try reader.int("num_bad_epochs"), try reader.int("cooldown_counter"))
    try super.load(state)
    (self.best, badEpochs, cooldownCounter) = (best, bad, cooling)
  }
}

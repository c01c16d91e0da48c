import KobaiTensor

/// The rate is multiplied by `factor` until epoch `totalIters`, and is the full one from then on.
///
///     ConstantLR(optimizer, factor: 0.5, totalIters: 4)
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html>
public final class ConstantLR: LRScheduler {
  private let factor: Double
  private let totalIters: Int

  /// - Parameters:
  ///   - factor: between 0 and 1.
  ///   - totalIters: the epoch at which the full rate is reached.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(
    _ optimizer: Optimizer, factor: Double = 1.0 / 3, totalIters: Int = 5, lastEpoch: Int = -1
  ) {
    check(
      factor >= 0 && factor <= 1, "ConstantLR",
      "Constant multiplicative factor expected to be between 0 and 1, but is \(factor)")
    self.factor = factor
    self.totalIters = totalIters
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  public override func rates() -> [Double] {
    if lastEpoch == 0 { return currentLRs.map { $0 * factor } }
    return currentLRs.map { lastEpoch == totalIters ? $0 * (1 / factor) : $0 }
  }

  public override func closedForm() -> [Double]? {
    baseLRs.map { $0 * (factor + (lastEpoch >= totalIters ? 1 - factor : 0)) }
  }
}

/// The rate goes from `startFactor` to `endFactor` times the full one along a line, over `totalIters`
/// epochs: the usual warm-up.
///
///     LinearLR(optimizer, startFactor: 0.1, totalIters: 5)
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html>
public final class LinearLR: LRScheduler {
  private let startFactor: Double
  private let endFactor: Double
  private let totalIters: Int

  /// - Parameters:
  ///   - startFactor: more than 0, at most 1.
  ///   - endFactor: between 0 and 1.
  ///   - totalIters: epochs from start to end.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(
    _ optimizer: Optimizer, startFactor: Double = 1.0 / 3, endFactor: Double = 1,
    totalIters: Int = 5, lastEpoch: Int = -1
  ) {
    check(
      startFactor > 0 && startFactor <= 1, "LinearLR",
      "Starting multiplicative factor expected to be greater than 0 and less or equal to 1, but is "
        + "\(startFactor)")
    check(
      endFactor >= 0 && endFactor <= 1, "LinearLR",
      "Ending multiplicative factor expected to be between 0 and 1, but is \(endFactor)")
    self.startFactor = startFactor
    self.endFactor = endFactor
    self.totalIters = totalIters
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  public override func rates() -> [Double] {
    if lastEpoch == 0 { return currentLRs.map { $0 * startFactor } }
    if isInitial || lastEpoch > totalIters { return currentLRs }
    let slope = endFactor - startFactor
    let passed = Double(totalIters) * startFactor + Double(lastEpoch - 1) * slope
    return currentLRs.map { $0 * (1 + slope / passed) }
  }

  public override func closedForm() -> [Double]? {
    let slope = endFactor - startFactor
    let epoch = Double(min(totalIters, lastEpoch))
    return baseLRs.map { $0 * (startFactor + slope * epoch / Double(totalIters)) }
  }
}

/// The rate falls to 0 over `totalIters` epochs like a power of what is left.
///
///     PolynomialLR(optimizer, totalIters: 100, power: 2)
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html>
public final class PolynomialLR: LRScheduler {
  private let totalIters: Int
  private let exponent: Double

  /// - Parameters:
  ///   - totalIters: epochs until 0.
  ///   - power: 1 is a line.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(
    _ optimizer: Optimizer, totalIters: Int = 5, power: Double = 1, lastEpoch: Int = -1
  ) {
    self.totalIters = totalIters
    exponent = power
    super.init(optimizer, lastEpoch: lastEpoch)
    begin()
  }

  private func remaining(_ epoch: Int) -> Double { 1 - Double(epoch) / Double(totalIters) }

  public override func rates() -> [Double] {
    if isInitial || lastEpoch > totalIters { return currentLRs }
    let factor = power(remaining(lastEpoch) / remaining(lastEpoch - 1), exponent)
    return currentLRs.map { $0 * factor }
  }

  public override func closedForm() -> [Double]? {
    let factor = power(remaining(min(totalIters, lastEpoch)), exponent)
    return baseLRs.map { $0 * factor }
  }
}

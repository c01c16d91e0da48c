import KobaiTensor

/// The rate goes to a constant one: for the last part of a training, in which weights are averaged.
///
///     let average = ParameterAverage(net.parameters)
///     let scheduler = SWALR(optimizer, swaLR: 0.05, annealEpochs: 5)
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.SWALR.html>
public final class SWALR: LRScheduler {
  private var swaLRs: [Double] = []
  private let annealEpochs: Int
  private let strategy: OneCycleLR.AnnealStrategy

  /// - Parameters:
  ///   - swaLR: the constant rate, for all groups or for each.
  ///   - annealEpochs: epochs until it is reached.
  ///   - annealStrategy: the curve.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(
    _ optimizer: Optimizer, swaLR: [Double], annealEpochs: Int = 10,
    annealStrategy: OneCycleLR.AnnealStrategy = .cos, lastEpoch: Int = -1
  ) {
    check(
      annealEpochs >= 0, "SWALR",
      "anneal_epochs must be equal or greater than 0, got \(annealEpochs)")
    self.annealEpochs = annealEpochs
    strategy = annealStrategy
    super.init(optimizer, lastEpoch: lastEpoch)
    swaLRs = perGroup(swaLR, "swa_lr")
    begin()
  }

  /// One rate for all groups.
  public convenience init(
    _ optimizer: Optimizer, swaLR: Double, annealEpochs: Int = 10,
    annealStrategy: OneCycleLR.AnnealStrategy = .cos, lastEpoch: Int = -1
  ) {
    self.init(
      optimizer, swaLR: [swaLR], annealEpochs: annealEpochs, annealStrategy: annealStrategy,
      lastEpoch: lastEpoch)
  }

  /// How much of the constant rate there is after so many steps.
  private func share(_ step: Int) -> Double {
    let t = max(0, min(1, Double(step) / Double(max(1, annealEpochs))))
    return strategy == .linear ? t : (1 - cosine(.pi * t)) / 2
  }

  public override func rates() -> [Double] {
    let step = annealEpochs == 0 ? max(1, stepCount - 1) : stepCount - 1
    let (before, now) = (share(step - 1), share(step))
    return zip(currentLRs, swaLRs).map { lr, swa in
      // The rate that this one started from.
      let start = before == 1 ? swa : (lr - before * swa) / (1 - before)
      return swa * now + start * (1 - now)
    }
  }
}

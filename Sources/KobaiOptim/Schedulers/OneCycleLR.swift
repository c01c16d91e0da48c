import KobaiTensor

/// One rise and one long fall of the rate over the whole training, batch by batch.
///
///     OneCycleLR(optimizer, maxLR: 0.1, totalSteps: epochs * batches.count)
///
/// With `cycleMomentum` the momentum (or β₁) goes the other way.
///
/// Sources: Smith and Topin, Super-Convergence, <https://arxiv.org/abs/1708.07120>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html>
public final class OneCycleLR: LRScheduler {
  /// The curve between two rates.
  public enum AnnealStrategy: Sendable { case cos, linear }

  private struct Phase {
    var end: Double
    var lr: (start: [Double], end: [Double])
    /// Whether momentum falls (true), rises (false) or stays at its top (nil).
    var momentumFalls: Bool?
  }

  private let totalSteps: Int
  private let strategy: AnnealStrategy
  private var phases: [Phase] = []
  private var momentum: MomentumCycle?

  /// - Parameters:
  ///   - maxLR: the largest rate, for all groups or for each.
  ///   - totalSteps: the length of the cycle; at least 1.
  ///   - pctStart: the share of the cycle in which the rate rises; between 0 and 1.
  ///   - annealStrategy: the curve.
  ///   - cycleMomentum: whether momentum goes the other way, between the two that follow.
  ///   - divFactor: the first rate is maxLR / divFactor.
  ///   - finalDivFactor: the last rate is the first one / finalDivFactor.
  ///   - threePhase: goes back to the first rate as it rose, and only then to the last one.
  ///   - lastEpoch: the step after which to go on; −1 starts anew.
  public init(
    _ optimizer: Optimizer, maxLR: [Double], totalSteps: Int, pctStart: Double = 0.3,
    annealStrategy: AnnealStrategy = .cos, cycleMomentum: Bool = true,
    baseMomentum: [Double] = [0.85], maxMomentum: [Double] = [0.95], divFactor: Double = 25,
    finalDivFactor: Double = 1e4, threePhase: Bool = false, lastEpoch: Int = -1
  ) {
    check(
      totalSteps > 0, "OneCycleLR", "Expected positive integer total_steps, but got \(totalSteps)")
    check(
      pctStart >= 0 && pctStart <= 1, "OneCycleLR",
      "Expected float between 0 and 1 pct_start, but got \(pctStart)")
    self.totalSteps = totalSteps
    strategy = annealStrategy
    super.init(optimizer, lastEpoch: lastEpoch)
    let most = perGroup(maxLR, "max_lr")
    let first = most.map { $0 / divFactor }
    let last = first.map { $0 / finalDivFactor }
    if lastEpoch == -1 {
      for (group, lr) in zip(optimizer.parameterGroups, first) { group.initialLR = lr }
    }
    baseLRs = first
    let (steps, rise) = (Double(totalSteps), pctStart * Double(totalSteps) - 1)
    phases = [Phase(end: rise, lr: (first, most), momentumFalls: true)]
    if threePhase {
      let back = 2 * pctStart * steps - 2
      phases.append(Phase(end: back, lr: (most, first), momentumFalls: false))
      phases.append(Phase(end: steps - 1, lr: (first, last), momentumFalls: nil))
    } else {
      phases.append(Phase(end: steps - 1, lr: (most, last), momentumFalls: false))
    }
    if cycleMomentum {
      momentum = MomentumCycle(
        self, base: perGroup(baseMomentum, "base_momentum"),
        max: perGroup(maxMomentum, "max_momentum"))
    }
    begin()
  }

  /// One largest rate for all groups.
  public convenience init(
    _ optimizer: Optimizer, maxLR: Double, totalSteps: Int, pctStart: Double = 0.3,
    annealStrategy: AnnealStrategy = .cos, cycleMomentum: Bool = true, baseMomentum: Double = 0.85,
    maxMomentum: Double = 0.95, divFactor: Double = 25, finalDivFactor: Double = 1e4,
    threePhase: Bool = false, lastEpoch: Int = -1
  ) {
    self.init(
      optimizer, maxLR: [maxLR], totalSteps: totalSteps, pctStart: pctStart,
      annealStrategy: annealStrategy, cycleMomentum: cycleMomentum, baseMomentum: [baseMomentum],
      maxMomentum: [maxMomentum], divFactor: divFactor, finalDivFactor: finalDivFactor,
      threePhase: threePhase, lastEpoch: lastEpoch)
  }

  /// The cycle's length as epochs times steps per epoch.
  public convenience init(
    _ optimizer: Optimizer, maxLR: Double, epochs: Int, stepsPerEpoch: Int, pctStart: Double = 0.3,
    annealStrategy: AnnealStrategy = .cos, cycleMomentum: Bool = true, baseMomentum: Double = 0.85,
    maxMomentum: Double = 0.95, divFactor: Double = 25, finalDivFactor: Double = 1e4,
    threePhase: Bool = false, lastEpoch: Int = -1
  ) {
    check(epochs > 0, "OneCycleLR", "Expected positive integer epochs, but got \(epochs)")
    check(
      stepsPerEpoch > 0, "OneCycleLR",
      "Expected positive integer steps_per_epoch, but got \(stepsPerEpoch)")
    self.init(
      optimizer, maxLR: maxLR, totalSteps: epochs * stepsPerEpoch, pctStart: pctStart,
      annealStrategy: annealStrategy, cycleMomentum: cycleMomentum, baseMomentum: baseMomentum,
      maxMomentum: maxMomentum, divFactor: divFactor, finalDivFactor: finalDivFactor,
      threePhase: threePhase, lastEpoch: lastEpoch)
  }

  public override func rates() -> [Double] {
    let step = Double(lastEpoch)
    guard lastEpoch <= totalSteps else {
      return misuse(
        "OneCycleLR: Tried to step \(lastEpoch) times. The specified number of total steps is "
          + "\(totalSteps); give totalSteps the number of all steps", else: currentLRs)
    }
    let i = phases.firstIndex { step <= $0.end } ?? phases.count - 1
    let (phase, start) = (phases[i], i == 0 ? 0 : phases[i - 1].end)
    let share = (step - start) / (phase.end - start)
    momentum?.set { base, most in
      switch phase.momentumFalls {
      case true?: anneal(most, base, share)
      case false?: anneal(base, most, share)
      case nil: anneal(most, most, share)
      }
    }
    return zip(phase.lr.start, phase.lr.end).map { anneal($0, $1, share) }
  }

  public override func load(_ state: [String: HyperparameterValue]) throws {
    let epoch = try SchedulerState(state, "OneCycleLR").int("last_epoch")
    guard (0...totalSteps).contains(epoch) else {
      throw OptimizerStateError(
        "OneCycleLR: last_epoch is \(epoch) in the state, beyond the \(totalSteps) steps of this cycle; "
          + "give totalSteps as it was when it was saved")
    }
    try super.load(state)
  }

  private func anneal(_ start: Double, _ end: Double, _ share: Double) -> Double {
    switch strategy {
    case .cos: end + (start - end) / 2 * (cosine(.pi * share) + 1)
    case .linear: (end - start) * share + start
    }
  }
}

import KobaiTensor

/// The rate goes up and down between two bounds, batch by batch.
///
///     CyclicLR(optimizer, baseLR: 1e-3, maxLR: 1e-2, stepSizeUp: 2000)
///
/// With `cycleMomentum` the momentum (or β₁) goes the other way.
///
/// Sources: Smith, Cyclical Learning Rates, <https://arxiv.org/abs/1506.01186>;
/// <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html>
public final class CyclicLR: LRScheduler {
  /// How the height of the triangles changes from cycle to cycle.
  public enum Mode: Sendable {
    /// It stays.
    case triangular
    /// It halves with each cycle.
    case triangular2
    /// It is `gamma` to the power of the number of steps.
    case expRange
  }

  /// What the argument of a custom scale function counts.
  public enum ScaleMode: Sendable { case cycle, iterations }

  private let maxLRs: [Double]
  private let totalSize: Double
  private let stepRatio: Double
  private let scale: (Double) -> Double
  private let scaleMode: ScaleMode
  private var momentum: MomentumCycle?

  /// - Parameters:
  ///   - baseLR: the lower bound, for all groups or for each.
  ///   - maxLR: the upper bound, for all groups or for each.
  ///   - stepSizeUp: steps from the lower to the upper bound.
  ///   - stepSizeDown: steps back; as many unless given.
  ///   - mode: how the height changes.
  ///   - gamma: for `expRange`.
  ///   - scale: a height of one's own in place of the mode's; its argument counts what `scaleMode` says.
  ///   - cycleMomentum: whether momentum goes the other way, between the two that follow.
  ///   - lastEpoch: the step after which to go on; −1 starts anew.
  public init(
    _ optimizer: Optimizer, baseLR: [Double], maxLR: [Double], stepSizeUp: Int = 2000,
    stepSizeDown: Int? = nil, mode: Mode = .triangular, gamma: Double = 1,
    scale: ((Double) -> Double)? = nil, scaleMode: ScaleMode = .cycle, cycleMomentum: Bool = true,
    baseMomentum: [Double] = [0.8], maxMomentum: [Double] = [0.9], lastEpoch: Int = -1
  ) {
    let up = Double(stepSizeUp)
    let groups = optimizer.parameterGroups
    totalSize = up + Double(stepSizeDown ?? stepSizeUp)
    stepRatio = up / totalSize
    switch (scale, mode) {
    case (let own?, _): (self.scale, self.scaleMode) = (own, scaleMode)
    case (nil, .triangular): (self.scale, self.scaleMode) = ({ _ in 1 }, .cycle)
    case (nil, .triangular2): (self.scale, self.scaleMode) = ({ 1 / power(2, $0 - 1) }, .cycle)
    case (nil, .expRange): (self.scale, self.scaleMode) = ({ power(gamma, $0) }, .iterations)
    }
    maxLRs = maxLR.count == 1 ? groups.map { _ in maxLR[0] } : maxLR
    super.init(optimizer, lastEpoch: lastEpoch)
    baseLRs = perGroup(baseLR, "base_lr")
    _ = perGroup(maxLRs, "max_lr")
    if lastEpoch == -1 {
      for (group, lr) in zip(groups, baseLRs) { (group.lr, group.initialLR) = (lr, lr) }
    }
    if cycleMomentum {
      momentum = MomentumCycle(
        self, base: perGroup(baseMomentum, "base_momentum"),
        max: perGroup(maxMomentum, "max_momentum"))
    }
    begin()
  }

  /// One bound for all groups.
  public convenience init(
    _ optimizer: Optimizer, baseLR: Double, maxLR: Double, stepSizeUp: Int = 2000,
    stepSizeDown: Int? = nil, mode: Mode = .triangular, gamma: Double = 1,
    scale: ((Double) -> Double)? = nil, scaleMode: ScaleMode = .cycle, cycleMomentum: Bool = true,
    baseMomentum: Double = 0.8, maxMomentum: Double = 0.9, lastEpoch: Int = -1
  ) {
    self.init(
      optimizer, baseLR: [baseLR], maxLR: [maxLR], stepSizeUp: stepSizeUp,
      stepSizeDown: stepSizeDown, mode: mode, gamma: gamma, scale: scale, scaleMode: scaleMode,
      cycleMomentum: cycleMomentum, baseMomentum: [baseMomentum], maxMomentum: [maxMomentum],
      lastEpoch: lastEpoch)
  }

  public override func rates() -> [Double] {
    let position = Double(lastEpoch) / totalSize
    let cycle = (1 + position).rounded(.down)
    let x = 1 + position - cycle
    let height = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1)
    let scale = scale(scaleMode == .cycle ? cycle : Double(lastEpoch))
    momentum?.set { base, most in most - (most - base) * height * scale }
    return zip(baseLRs, maxLRs).map { base, most in base + (most - base) * height * scale }
  }
}

/// Momentum, or β₁ where an optimizer has that, between two bounds.
struct MomentumCycle {
  private let groups: [ParameterGroup]
  private let option: Hyperparameter
  let base: [Double]
  let max: [Double]

  /// Nil, after the misuse, for an optimizer that has neither.
  init?(_ scheduler: LRScheduler, base: [Double], max: [Double]) {
    groups = scheduler.optimizer.parameterGroups
    self.base = base
    self.max = max
    let names = scheduler.optimizer.defaults.map(\.name)
    guard let option = [Hyperparameter.beta1, .momentum].first(where: names.contains) else {
      misuse(
        "\(type(of: scheduler)): optimizer must support momentum or beta1 with `cycle_momentum` option "
          + "enabled; pass cycleMomentum: false", else: ())
      return nil
    }
    self.option = option
    if scheduler.lastEpoch == -1 { set { _, most in most } }
  }

  /// Sets each group's momentum to a function of its bounds.
  func set(_ value: (_ base: Double, _ max: Double) -> Double) {
    for (i, group) in groups.enumerated() { group[option] = .number(value(base[i], max[i])) }
  }
}

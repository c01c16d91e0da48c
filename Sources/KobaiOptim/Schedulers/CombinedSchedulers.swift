import KobaiTensor

/// One schedule after the other: scheduler `i + 1` takes over at milestone `i`.
///
///     SequentialLR(
///       optimizer,
///       [LinearLR(optimizer, startFactor: 0.1), CosineAnnealingLR(optimizer, tMax: 95)],
///       milestones: [5])
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html>
public final class SequentialLR: LRScheduler {
  /// The schedules in order.
  public let schedulers: [LRScheduler]
  private let milestones: [Int]

  /// - Parameters:
  ///   - schedulers: all of this optimizer; at least one.
  ///   - milestones: epochs, rising; one fewer than schedulers.
  public init(_ optimizer: Optimizer, _ schedulers: [LRScheduler], milestones: [Int]) {
    checkCombination("SequentialLR", schedulers, optimizer)
    check(
      milestones.count == schedulers.count - 1, "SequentialLR",
      "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
        + "milestone points, but got number of schedulers \(schedulers.count) and the number of "
        + "milestones to be equal to \(milestones.count)")
    self.schedulers = schedulers
    self.milestones = milestones
    super.init(optimizer, lastEpoch: -1)
    lastEpoch = 0
    // Each scheduler has set the rates of its first epoch when it was made.
    for group in optimizer.parameterGroups { group.lr = group.initialLR ?? group.lr }
    for scheduler in schedulers { scheduler.undo() }
    guard let first = scheduler(at: 0) else { return }
    first.begin()
    lastLR = first.lastLR
  }

  private func scheduler(at epoch: Int) -> LRScheduler? {
    let i = milestones.count { $0 <= epoch }
    return schedulers.indices.contains(i) ? schedulers[i] : nil
  }

  public override func step() {
    lastEpoch += 1
    guard let current = scheduler(at: lastEpoch) else { return }
    if milestones.contains(lastEpoch) { current.step(to: 0) } else { current.step() }
    lastLR = current.lastLR
  }

  override func undo() { for scheduler in schedulers { scheduler.undo() } }

  public override func stateDict() -> [String: HyperparameterValue] {
    combined(super.stateDict(), schedulers)
  }

  public override func load(_ state: [String: HyperparameterValue]) throws {
    try super.load(state)
    try loadCombined(state, schedulers)
  }
}

/// Several schedules at once: each multiplies what the one before has left.
///
///     ChainedScheduler([ConstantLR(optimizer, factor: 0.1), ExponentialLR(optimizer, gamma: 0.9)])
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html>
public final class ChainedScheduler: LRScheduler {
  /// The schedules in the order in which they are applied.
  public let schedulers: [LRScheduler]

  /// - Parameters:
  ///   - schedulers: all of one optimizer; at least one.
  ///   - optimizer: that of the first scheduler unless given.
  public init(_ schedulers: [LRScheduler], _ optimizer: Optimizer? = nil) {
    guard let optimizer = optimizer ?? schedulers.first?.optimizer else {
      fatalError(
        "ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
    }
    checkCombination("ChainedScheduler", schedulers, optimizer)
    self.schedulers = schedulers
    super.init(optimizer, lastEpoch: -1)
    lastEpoch = 0
    lastLR = currentLRs
  }

  public override func step() {
    lastEpoch += 1
    for scheduler in schedulers { scheduler.step() }
    lastLR = currentLRs
  }

  override func undo() { for scheduler in schedulers { scheduler.undo() } }

  public override func stateDict() -> [String: HyperparameterValue] {
    combined(super.stateDict(), schedulers)
  }

  public override func load(_ state: [String: HyperparameterValue]) throws {
    try super.load(state)
    try loadCombined(state, schedulers)
  }
}

private func checkCombination(_ name: String, _ schedulers: [LRScheduler], _ optimizer: Optimizer) {
  check(
    !schedulers.isEmpty, name, "expects at least one scheduler, but got no scheduler")
  for (i, scheduler) in schedulers.enumerated() {
    check(
      !(scheduler is ReduceLROnPlateau), name,
      "does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs to be specified "
        + "when calling `step`, but got one at index \(i); step it by itself")
    check(
      scheduler.optimizer === optimizer, name,
      "expects all schedulers to belong to the same optimizer, but the one at index \(i) has another"
    )
  }
}

private func combined(
  _ own: [String: HyperparameterValue], _ schedulers: [LRScheduler]
) -> [String: HyperparameterValue] {
  var state = own
  for (i, scheduler) in schedulers.enumerated() {
    for (name, value) in scheduler.stateDict() { state["_schedulers.\(i).\(name)"] = value }
  }
  return state
}

private func loadCombined(
  _ state: [String: HyperparameterValue], _ schedulers: [LRScheduler]
) throws {
  for (i, scheduler) in schedulers.enumerated() {
    let prefix = "_schedulers.\(i)."
    var part: [String: HyperparameterValue] = [:]
    for (name, value) in state where name.hasPrefix(prefix) {
      part[String(name.dropFirst(prefix.count))] = value
    }
    try scheduler.load(part)
  }
}

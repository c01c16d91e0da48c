import KobaiTensor

/// Changes an optimizer's learning rate from step to step: the base of all schedules.
///
///     let scheduler = StepLR(optimizer, stepSize: 30, gamma: 0.1)
///     for epoch in 0..<90 {
///       train()              // calls optimizer.step()
///       scheduler.step()
///     }
///
/// Making a scheduler sets the rates of epoch 0. Rates follow from those before them, as in PyTorch, so that
/// schedules can be chained; a schedule that is a closed formula says so in `closedForm`.
///
/// Source: <https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate>
open class LRScheduler {
  /// The optimizer whose rates this sets.
  public final let optimizer: Optimizer
  /// How often `step` has been called.
  public internal(set) final var lastEpoch: Int
  /// The rates that each group starts from.
  public internal(set) final var baseLRs: [Double]
  /// The rates that this scheduler has set last.
  public internal(set) final var lastLR: [Double] = []
  /// Whether the rates of the first epoch are being set.
  public private(set) final var isInitial = false
  /// Steps since the scheduler was made or its undoing.
  private(set) final var stepCount = 0

  /// - Parameters:
  ///   - optimizer: whose rates are set.
  ///   - lastEpoch: the epoch after which to go on; −1 starts anew.
  public init(_ optimizer: Optimizer, lastEpoch: Int = -1) {
    self.optimizer = optimizer
    self.lastEpoch = lastEpoch
    for (i, group) in optimizer.parameterGroups.enumerated() where group.initialLR == nil {
      if lastEpoch >= 0 {
        misuse(
          "LRScheduler: param 'initial_lr' is not specified in param_groups[\(i)] when resuming "
            + "scheduler with last_epoch >= 0; load the optimizer's state first, or start anew",
          else: ())
      }
      group.initialLR = group.lr
    }
    baseLRs = optimizer.parameterGroups.map { $0.initialLR ?? $0.lr }
  }

  /// Sets the rates of the first epoch. Called by the initializers of all schedules.
  public final func begin() {
    stepCount = 0
    isInitial = true
    step()
    isInitial = false
  }

  /// The rates of `lastEpoch`, one per group.
  open func rates() -> [Double] {
    misuse("LRScheduler: declare rates() in \(type(of: self))", else: currentLRs)
  }

  /// The rates of `lastEpoch` by a formula that does not need those before; nil where there is none.
  open func closedForm() -> [Double]? { nil }

  /// Goes on to the next epoch. Call it after `optimizer.step()`.
  open func step() {
    stepCount += 1
    lastEpoch += 1
    apply(rates())
  }

  /// Goes to an epoch: by the closed formula where there is one.
  open func step(to epoch: Int) {
    lastEpoch = epoch
    apply(closedForm() ?? rates())
  }

  /// Sets one rate per group.
  final func apply(_ rates: [Double]) {
    for (group, rate) in zip(optimizer.parameterGroups, rates) { group.lr = rate }
    lastLR = currentLRs
  }

  /// The groups' rates now.
  public final var currentLRs: [Double] { optimizer.parameterGroups.map(\.lr) }

  /// One value for each group, from one for all or one for each.
  final func perGroup(_ values: [Double], _ name: String) -> [Double] {
    let count = optimizer.parameterGroups.count
    if values.count == 1 { return Array(repeating: values[0], count: count) }
    guard values.count == count else {
      return misuse(
        "\(type(of: self)): \(name) must have the same length as optimizer.parameterGroups: it has "
          + "\(values.count) values, there are \(count) groups",
        else: Array(repeating: values.first ?? 0, count: count))
    }
    return values
  }

  /// All that is needed to go on after a restart, without functions.
  ///
  ///     scheduler.stateDict()["last_epoch"]   // Optional(3.0)
  open func stateDict() -> [String: HyperparameterValue] {
    [
      "last_epoch": .number(Double(lastEpoch)), "base_lrs": .numbers(baseLRs),
      "_last_lr": .numbers(lastLR), "_step_count": .number(Double(stepCount)),
    ]
  }

  /// Takes up a state that `stateDict` gave. The optimizer's rates are part of the optimizer's own state.
  ///
  /// - Throws: `OptimizerStateError` if a value is missing or of another kind.
  open func load(_ state: [String: HyperparameterValue]) throws {
    let reader = SchedulerState(state, "\(type(of: self))")
    let (epoch, count) = (try reader.int("last_epoch"), try reader.int("_step_count"))
    let (base, last) = (try reader.numbers("base_lrs"), try reader.numbers("_last_lr"))
    (lastEpoch, stepCount, baseLRs, lastLR) = (epoch, count, base, last)
  }

  /// Takes back the step that making the scheduler has made.
  func undo() { lastEpoch -= 1 }
}

/// Reads the values of a scheduler's state by name.
struct SchedulerState {
  private let values: [String: HyperparameterValue]
  private let scheduler: String

  init(_ values: [String: HyperparameterValue], _ scheduler: String) {
    self.values = values
    self.scheduler = scheduler
  }

  private func value<T>(_ name: String, _ read: (HyperparameterValue) -> T?) throws -> T {
    guard let value = values[name] else {
      throw OptimizerStateError(
        "\(scheduler): the state has no \(name); load one that stateDict() of a \(scheduler) gave")
    }
    guard let result = read(value) else {
      throw OptimizerStateError(
        "\(scheduler): \(name) is \(value) in the state, which is of another kind; load one that "
          + "stateDict() of a \(scheduler) gave")
    }
    return result
  }

  func number(_ name: String) throws -> Double { try value(name, \.number) }
  func int(_ name: String) throws -> Int {
    try value(name) { $0.number.flatMap(Int.init(exactly:)) }
  }
  func numbers(_ name: String) throws -> [Double] { try value(name, \.numbers) }
}

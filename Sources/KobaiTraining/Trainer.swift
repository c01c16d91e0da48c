import KobaiData
import KobaiNN
import KobaiOperators
import KobaiOptim
import KobaiTensor
import KobaiTransforms

/// The training loop: batches through a model, a loss, a step, epoch after epoch.
///
///     let trainer = Trainer(net, optimizer: Adam(net.parameters, lr: 1e-3), metrics: [.accuracy]) {
///       crossEntropy($0, $1)
///     }
///     try trainer.fit(trainLoader, validation: validationLoader, epochs: 10)
///     trainer.history.epochs.last?.validation?.metrics["accuracy"]
///
/// A loop of one's own is as good; this one adds a history, callbacks, and a state from which a killed run
/// continues to the same bits (`checkpoint()`, `restore(_:loader:)`).
public final class Trainer {
  /// Batches of inputs and targets.
  public typealias Loader = DataLoader<(Tensor, Tensor)>

  /// When a scheduler takes its steps.
  public enum SchedulerInterval: String, Sendable, Hashable, Codable, CaseIterable {
    /// After each epoch.
    case epoch
    /// After each step of the optimizer, as `OneCycleLR` and warm-ups want it.
    case step
  }

  /// What is trained.
  public let model: TensorModule
  /// What changes the parameters.
  public let optimizer: Optimizer
  /// What changes the learning rate; nil for a constant one.
  public let scheduler: LRScheduler?
  /// When the scheduler takes its steps.
  public let schedulerInterval: SchedulerInterval
  /// What is measured besides the loss.
  public let metrics: [Metric]
  /// The scalar that training makes small.
  public let loss: (_ output: Tensor, _ target: Tensor) -> Tensor
  /// The largest norm of all gradients together; nil for no clipping.
  public let gradientClip: Double?
  /// What looks on, called in this order.
  public var callbacks: [any TrainingCallback] = []

  /// What the epochs that are over gave.
  public internal(set) var history = History()
  /// Epochs that are over.
  public var epoch: Int { history.epochs.count }
  /// Batches of the epoch under way that are over.
  public internal(set) var batch = 0
  /// Batches of an epoch.
  public private(set) var batchCount = 0
  /// Epochs that `fit` is to reach.
  public private(set) var epochCount = 0
  /// Examples that were seen since `fit` began.
  public private(set) var examplesSeen = 0
  /// Steps that were taken since `fit` began.
  public private(set) var stepsSeen = 0
  /// The means over the epoch under way, so far.
  public var runningScore: History.Score? { running.score }
  /// Whether `fit` ended before its last epoch.
  public private(set) var isStopped = false

  var running = RunningScore()
  /// The learning rate of the latest step of the epoch under way.
  var stepLR: Double?
  /// Seconds of the epoch under way that earlier processes spent on it.
  var secondsBefore = 0.0
  var epochStart = ContinuousClock.now
  private(set) var loader: Loader?
  /// The epoch under way, also when `fit` has stopped in it: a checkpoint finds its position there.
  var batches: Loader.Iterator?
  private var mustStop = false

  /// - Parameters:
  ///   - scheduler: changes the learning rate.
  ///   - schedulerInterval: whether it takes a step after each epoch or after each step.
  ///   - gradientClip: scales all gradients down together to at most this norm.
  ///   - loss: a scalar from the model's output and the target.
  public init(
    _ model: TensorModule, optimizer: Optimizer, scheduler: LRScheduler? = nil,
    schedulerInterval: SchedulerInterval = .epoch, metrics: [Metric] = [],
    gradientClip: Double? = nil,
    loss: @escaping (_ output: Tensor, _ target: Tensor) -> Tensor
  ) {
    self.model = model
    self.optimizer = optimizer
    self.scheduler = scheduler
    self.schedulerInterval = schedulerInterval
    self.metrics = metrics
    self.gradientClip = gradientClip
    self.loss = loss
  }

  /// Trains until `epochs` epochs are over, those of before and of a restored state included.
  ///
  /// - Returns: the history.
  /// - Throws: what the data or a callback throws first. `trainingDidEnd` of all callbacks has then been
  ///   called.
  @discardableResult
  public func fit(
    _ train: Loader, validation: Loader? = nil, epochs: Int
  ) throws -> History {
    if train !== loader { batches = nil }
    loader = train
    batchCount = train.count
    epochCount = epochs
    (examplesSeen, stepsSeen) = (0, 0)
    (mustStop, isStopped) = (false, false)
    let result = Result {
      for callback in callbacks { try callback.trainingWillBegin(self) }
      try runEpochs(train, validation, epochs)
    }
    let endings = callbacks.map { callback in Result { try callback.trainingDidEnd(self) } }
    for outcome in [result] + endings { try outcome.get() }
    return history
  }

  /// Ends `fit` after the step under way. What a callback calls.
  public func stop() { mustStop = true }

  private func runEpochs(_ train: Loader, _ validation: Loader?, _ epochs: Int) throws {
    epochStart = .now
    while epoch < epochs && !mustStop {
      try runEpoch(train)
      guard !mustStop else { break }
      try endEpoch(validation)
    }
    isStopped = epoch < epochs
  }

  private func runEpoch(_ train: Loader) throws {
    model.train()
    let batches = batches ?? train.makeIterator()
    self.batches = batches
    while !mustStop, let (x, y) = try batches.nextBatch() {
      step(x, y)
      batch += 1
      examplesSeen += x.shape.first ?? 1
      stepsSeen += 1
      for callback in callbacks { try callback.batchDidEnd(self) }
    }
  }

  /// One step on one batch.
  private func step(_ x: Tensor, _ y: Tensor) {
    // First: the gradients of the step before need not lie beside this one's activations.
    optimizer.zeroGrad()
    let output = model(x)
    let loss = loss(output, y)
    loss.backward()
    if let gradientClip { clipGradNorm(model.parameters, maxNorm: gradientClip) }
    optimizer.step()
    stepLR = optimizer.lr
    if schedulerInterval == .step { scheduler?.step() }
    running.add(loss: loss, output, y, metrics)
  }

  private func endEpoch(_ validation: Loader?) throws {
    guard let score = running.score else {
      throw TrainingError(
        message:
          "training: the loader gives no batch: it has \(loader?.datasetCount ?? 0) examples; "
          + "give more, or a smaller batch size")
    }
    let lr = stepLR ?? optimizer.lr
    let validationScore = try validation.map { try evaluate($0) }
    if schedulerInterval == .epoch { scheduler?.step() }
    history.epochs.append(
      History.Epoch(
        number: epoch + 1, lr: lr, train: score, validation: validationScore,
        seconds: secondsInEpoch))
    running = RunningScore()
    stepLR = nil
    batches = nil
    batch = 0
    secondsBefore = 0
    epochStart = .now
    for callback in callbacks { try callback.epochDidEnd(self) }
  }

  /// Seconds of the epoch under way.
  var secondsInEpoch: Double {
    let elapsed = ContinuousClock.now - epochStart
    return secondsBefore + Double(elapsed.components.seconds)
      + Double(elapsed.components.attoseconds) * 1e-18
  }

  /// The loss and the metrics over all examples, in evaluation mode, without a step.
  public func evaluate(_ loader: Loader) throws -> History.Score {
    let wasTraining = model.isTraining
    model.eval()
    defer { model.train(wasTraining) }
    var total = RunningScore()
    try loader.forEach { x, y in
      noGrad {
        let output = model(x)
        total.add(loss: loss(output, y), output, y, metrics)
      }
    }
    guard let score = total.score else {
      throw TrainingError(message: "evaluate: the loader gives no batch; give it examples")
    }
    return score
  }

  /// The model's outputs for all inputs of a loader, in order, in evaluation mode.
  public func predict(_ loader: Loader) throws -> Tensor {
    let wasTraining = model.isTraining
    model.eval()
    defer { model.train(wasTraining) }
    var outputs: [Tensor] = []
    try loader.forEach { x, _ in outputs.append(noGrad { model(x) }) }
    guard !outputs.isEmpty else {
      throw TrainingError(message: "predict: the loader gives no batch; give it examples")
    }
    return Tensor.cat(outputs)
  }
}

/// A training run that cannot go on.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence.
  public let message: String
  /// An error with this sentence.
  public init(message: String) { self.message = message }
  public var description: String { message }
}

import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// A small problem whose run is over in milliseconds, with dropout so that random numbers matter.
private struct Problem {
  let net: Sequential
  let trainer: Trainer
  let loader: Trainer.Loader

  init(seed: Int = 3, lr: Double = 0.01, schedule: Trainer.SchedulerInterval = .epoch) {
    let generator = Generator(seed: 0)
    let x = Tensor.randn([100, 4], generator: generator)
    let y = x.sum(dim: 1).gt(0).to(.int64)
    manualSeed(seed)
    net = Sequential(
      Linear(4, 16), BatchNorm1d(16), ReLU(), Dropout(0.2), Linear(16, 2))
    let optimizer = Adam(net.parameters, lr: lr)
    let scheduler =
      schedule == .epoch
      ? StepLR(optimizer, stepSize: 2)
      : OneCycleLR(optimizer, maxLR: 0.05, totalSteps: 21, cycleMomentum: false)
    trainer = Trainer(
      net, optimizer: optimizer, scheduler: scheduler, schedulerInterval: schedule,
      metrics: [.accuracy], gradientClip: 1
    ) { crossEntropy($0, $1) }
    loader = DataLoader(TensorDataset(x, y), batchSize: 16, shuffle: true, prefetch: 1)
  }

  var parameters: [[Float]] { net.stateDict().values.map { $0.array(as: Float.self) } }
}

@Suite(.ownGenerator) struct TrainerTests {
  @Test func learns() throws {
    let problem = Problem()
    let history = try problem.trainer.fit(problem.loader, validation: problem.loader, epochs: 20)
    let first = try #require(history.epochs.first)
    let last = try #require(history.epochs.last)
    #expect(history.epochs.map(\.number) == Array(1...20))
    #expect(last.train.loss < first.train.loss)
    #expect(try #require(last.validation?.metrics["accuracy"]) > 0.85)
    #expect(history.epochs[0].lr == 0.01)
    #expect(abs(history.epochs[2].lr - 0.001) < 1e-12)
  }

  /// Stops after some steps.
  private final class Stopper: TrainingCallback {
    let steps: Int
    var seen = 0
    init(_ steps: Int) { self.steps = steps }
    func batchDidEnd(_ trainer: Trainer) {
      seen += 1
      if seen == steps { trainer.stop() }
    }
  }

  private static func scratchPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent(
      "\(UUID().uuidString).safetensors"
    )
    .path
  }

  @Test func aSchedulerMayStepWithTheOptimizer() throws {
    /// The rates with which steps were taken.
    final class Rates: TrainingCallback {
      var rates: [Double] = []
      func trainingWillBegin(_ trainer: Trainer) { rates.append(trainer.optimizer.lr) }
      func batchDidEnd(_ trainer: Trainer) { rates.append(trainer.optimizer.lr) }
    }
    let problem = Problem(schedule: .step)
    let rates = Rates()
    problem.trainer.callbacks = [rates]
    let history = try problem.trainer.fit(problem.loader, epochs: 2)
    let reference = SGD([Tensor.zeros([1], requiresGrad: true)], lr: 1)
    let schedule = OneCycleLR(reference, maxLR: 0.05, totalSteps: 21, cycleMomentum: false)
    let expected = (0...14).map { _ in
      defer { schedule.step() }
      return reference.lr
    }
    #expect(rates.rates == expected)
    // The rate of each epoch's last step.
    #expect(history.epochs.map(\.lr) == [expected[6], expected[13]])
  }

  // 7 steps an epoch: in the first, at its last step, in the last epoch.
  @Test(arguments: [2, 7, 15]) func stepwiseSchedulesContinueToTheSameBits(steps: Int) throws {
    let whole = Problem(schedule: .step)
    try whole.trainer.fit(whole.loader, epochs: 3)
    let begun = Problem(schedule: .step)
    begun.trainer.callbacks = [Stopper(steps)]
    try begun.trainer.fit(begun.loader, epochs: 3)
    let bytes = try begun.trainer.checkpoint().encode()
    let continued = Problem(seed: 99, schedule: .step)
    try continued.trainer.restore(Checkpoint(SafeTensors(bytes: bytes)), loader: continued.loader)
    let history = try continued.trainer.fit(continued.loader, epochs: 3)
    #expect(continued.parameters == whole.parameters)
    #expect(history.epochs.map(\.lr) == whole.trainer.history.epochs.map(\.lr))
  }

  @Test(arguments: [2, 7, 15]) func aStoppedRunGoesOnWhereItStands(steps: Int) throws {
    let whole = Problem(schedule: .step)
    try whole.trainer.fit(whole.loader, epochs: 3)
    let stopped = Problem(schedule: .step)
    stopped.trainer.callbacks = [Stopper(steps)]
    try stopped.trainer.fit(stopped.loader, epochs: 3)
    try stopped.trainer.fit(stopped.loader, epochs: 3)
    #expect(stopped.parameters == whole.parameters)
  }

  @Test func aRunThatDivergedCanBeSaved() throws {
    let problem = Problem()
    let worst = Metric("worst") { _, target in Tensor.full(target.shape, -Double.infinity) }
    let trainer = Trainer(
      problem.net, optimizer: SGD(problem.net.parameters, lr: 0.1), metrics: [worst]
    ) { crossEntropy($0, $1) * Double.nan }
    trainer.callbacks = [Stopper(9)]
    try trainer.fit(problem.loader, epochs: 3)
    let restored = try Checkpoint(SafeTensors(bytes: trainer.checkpoint().encode()))
    #expect(restored.history.epochs.count == 1)
    #expect(restored.history.epochs[0].train.loss.isNaN)
    #expect(restored.history.epochs[0].train.metrics["worst"] == -.infinity)
  }

  @Test func aLossThatIsNoNumberEndsTheRun() throws {
    let path = Self.scratchPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let problem = Problem()
    var calls = 0
    let trainer = Trainer(problem.net, optimizer: SGD(problem.net.parameters, lr: 0.1)) { x, y in
      calls += 1
      return crossEntropy(x, y) * (calls == 10 ? Double.nan : 1)
    }
    trainer.callbacks = [TerminateOnNaN(), CheckpointWriter(path: path)]
    let error = #expect(throws: TrainingError.self) { try trainer.fit(problem.loader, epochs: 3) }
    #expect(error?.message.contains("the loss became nan in step 3 of epoch 2") == true)
    #expect(try Checkpoint(contentsOf: path).history.epochs.count == 1)
  }

  @Test func everyCallbackHearsTheEnd() throws {
    final class Ending: TrainingCallback {
      let error: TrainingError?
      var ends = 0
      init(_ error: TrainingError? = nil) { self.error = error }
      func trainingDidEnd(_ trainer: Trainer) throws {
        ends += 1
        if let error { throw error }
      }
    }
    let problem = Problem()
    let (first, second) = (Ending(TrainingError(message: "first")), Ending())
    problem.trainer.callbacks = [first, second]
    let error = #expect(throws: TrainingError.self) {
      try problem.trainer.fit(problem.loader, epochs: 1)
    }
    #expect(error?.message == "first")
    #expect(first.ends == 1 && second.ends == 1)
  }

  // 7 steps an epoch: in the first epoch, at its last step, between, in the third.
  @Test(arguments: [1, 3, 7, 8, 16, 20]) func continuesToTheSameBits(steps: Int) throws {
    let whole = Problem()
    try whole.trainer.fit(whole.loader, validation: whole.loader, epochs: 3)

    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let begun = Problem()
    begun.trainer.callbacks = [Stopper(steps), CheckpointWriter(path: path)]
    try begun.trainer.fit(begun.loader, validation: begun.loader, epochs: 3)
    #expect(begun.trainer.isStopped)

    // Another process would begin with other numbers everywhere.
    let continued = Problem(seed: 99, lr: 0.5)
    try continued.trainer.restore(Checkpoint(contentsOf: path), loader: continued.loader)
    let history = try continued.trainer.fit(
      continued.loader, validation: continued.loader, epochs: 3)
    #expect(continued.parameters == whole.parameters)
    #expect(history.epochs.map(\.train) == whole.trainer.history.epochs.map(\.train))
    #expect(history.epochs.map(\.validation) == whole.trainer.history.epochs.map(\.validation))
    #expect(history.epochs.map(\.lr) == whole.trainer.history.epochs.map(\.lr))
  }

  @Test func stopsEarly() throws {
    let problem = Problem(lr: 0)
    problem.trainer.callbacks = [EarlyStopping(patience: 2)]
    let history = try problem.trainer.fit(problem.loader, epochs: 50)
    #expect(problem.trainer.isStopped)
    #expect(history.epochs.count < 50)
    // Killed behind its last checkpoint, the run is not trained on.
    let continued = Problem(seed: 99, lr: 0)
    continued.trainer.callbacks = [EarlyStopping(patience: 2)]
    try continued.trainer.restore(problem.trainer.checkpoint(), loader: continued.loader)
    try continued.trainer.fit(continued.loader, epochs: 50)
    #expect(continued.trainer.isStopped && continued.trainer.epoch == history.epochs.count)
  }

  @Test func metricsSayWhichWayIsBetter() throws {
    func epochs(_ metric: Metric) throws -> Int {
      let problem = Problem()
      nonisolated(unsafe) var value = 0.0
      let growing = Metric(metric.name, isHigherBetter: metric.isHigherBetter) { _, _ in
        value += 1
        return Tensor(value)
      }
      let trainer = Trainer(
        problem.net, optimizer: SGD(problem.net.parameters, lr: 0.1), metrics: [growing]
      ) { crossEntropy($0, $1) }
      trainer.callbacks = [EarlyStopping(patience: 2, metric: metric.name)]
      return try trainer.fit(problem.loader, epochs: 6).epochs.count
    }
    #expect(try epochs(.accuracy) == 6)
    #expect(try epochs(.mae) == 3)
    let problem = Problem()
    problem.trainer.callbacks = [EarlyStopping(patience: 2, metric: "f1")]
    let error = #expect(throws: TrainingError.self) {
      try problem.trainer.fit(problem.loader, epochs: 1)
    }
    #expect(error?.message == "EarlyStopping: the trainer has no metric f1; it has accuracy")
  }

  @Test func aCheckpointThatDoesNotFitChangesNothing() throws {
    let source = Problem()
    source.trainer.callbacks = [Stopper(3)]
    try source.trainer.fit(source.loader, epochs: 1)
    var checkpoint = source.trainer.checkpoint()
    checkpoint.optimizer.metadata["param_groups.0.lr"] = "\"quick\""
    let other = Problem(seed: 5)
    let before = other.parameters
    #expect(throws: OptimizerStateError.self) {
      try other.trainer.restore(checkpoint, loader: other.loader)
    }
    #expect(other.parameters == before)
    let short: Trainer.Loader = DataLoader(
      TensorDataset(Tensor.zeros([2, 4]), Tensor.zeros([2], dtype: .int64)), batchSize: 1)
    #expect(throws: TrainingError.self) {
      try other.trainer.restore(source.trainer.checkpoint(), loader: short)
    }
    #expect(other.parameters == before && other.trainer.batch == 0)
  }

  @Test func countsBeyondReasonAreDamage() throws {
    let problem = Problem()
    problem.trainer.callbacks = [Stopper(3)]
    try problem.trainer.fit(problem.loader, epochs: 1)
    let file = try SafeTensors(bytes: problem.trainer.checkpoint().encode())
    let text = try #require(file.metadata["kobai.training"])
    let state = try StateDict(file.tensors())
    for (old, new) in [
      ("\"batch\":3", "\"batch\":-1"), ("\"batch\":3", "\"batch\":9223372036854775807"),
      ("\"examples\":48", "\"examples\":9223372036854775807"),
    ] {
      #expect(text.contains(old))
      let bytes = try SafeTensors.encode(
        state, metadata: ["kobai.training": text.replacingOccurrences(of: old, with: new)])
      #expect(throws: TrainingError.self, "\(new)") {
        try problem.trainer.restore(Checkpoint(SafeTensors(bytes: bytes)), loader: problem.loader)
      }
    }
  }

  @Test func otherFilesAreNoCheckpoints() throws {
    let problem = Problem()
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try problem.net.stateDict().write(to: path)
    let error = #expect(throws: TrainingError.self) { try Checkpoint(contentsOf: path) }
    #expect(error?.message.contains("holds no training state") == true)
    try problem.net.stateDict().write(to: path, metadata: ["kobai.training": "{}"])
    #expect(throws: TrainingError.self) { try Checkpoint(contentsOf: path) }
    #expect(throws: (any Error).self) { try Checkpoint(contentsOf: path + ".none") }
  }

  @Test func aCheckpointOfAnotherModelChangesNothing() throws {
    let (small, large) = (Problem(), Sequential(Linear(4, 8), Linear(8, 2)))
    let trainer = Trainer(large, optimizer: SGD(large.parameters, lr: 0.1)) { crossEntropy($0, $1) }
    let before = large.stateDict().values.map { $0.array(as: Float.self) }
    #expect(throws: LoadError.self) {
      try trainer.restore(small.trainer.checkpoint(), loader: small.loader)
    }
    #expect(large.stateDict().values.map { $0.array(as: Float.self) } == before)
  }

  @Test func anEmptyLoaderIsAnError() {
    let problem = Problem()
    let empty: Trainer.Loader = DataLoader(
      TensorDataset(Tensor.zeros([3, 4]), Tensor.zeros([3], dtype: .int64)), batchSize: 4,
      dropLast: true)
    #expect(throws: TrainingError.self) { try problem.trainer.fit(empty, epochs: 1) }
    #expect(throws: TrainingError.self) { try problem.trainer.evaluate(empty) }
  }

  @Test func historyIsATable() throws {
    let problem = Problem()
    let history = try problem.trainer.fit(problem.loader, validation: problem.loader, epochs: 2)
    let lines = history.csv.split(separator: "\n")
    #expect(
      lines.first
        == "epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds")
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { $0.split(separator: ",").count == 7 })
  }
}

@Suite(.ownGenerator) struct ProgressReporterTests {
  private func output(isLive: Bool, width: Int) throws -> String {
    var text = ""
    let problem = Problem()
    problem.trainer.callbacks = [
      ProgressReporter(isLive: isLive, width: { width }, write: { text += $0 })
    ]
    try problem.trainer.fit(problem.loader, validation: problem.loader, epochs: 2)
    return text
  }

  @Test func plainLinesWithoutATerminal() throws {
    let lines = try output(isLive: false, width: 80).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasPrefix("epoch 1/2  loss "))
    #expect(lines[0].contains("validation loss "))
    #expect(lines.allSatisfy { !$0.contains("\r") })
  }

  @Test(arguments: [20, 60, 80, 120]) func aLineThatIsRewrittenOnATerminal(width: Int) throws {
    let text = try output(isLive: true, width: width)
    let drawn = text.split(separator: "\r").filter { $0.contains("━") || $0.contains("─") }
    #expect(!drawn.isEmpty)
    #expect(drawn.allSatisfy { $0.count < width })
    if width == 120 { #expect(drawn[0].contains(" left  loss ")) }
    // Whole numbers only: what has no room is left out.
    let last = drawn.last { $0.contains("epoch 2/2") }?.trimmingCharacters(in: .whitespaces)
    if width == 80 {
      #expect(last?.wholeMatch(of: #/.*loss \d\.\d{4}  val_accuracy \d\.\d{4}/#) != nil)
    }
    #expect(text.split(separator: "\n").count == 2)
  }
}

import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// A small problem whose run is over in milliseconds, with dropout so that random numbers matter.
private struct Problem {
  let net: Sequential
  let trainer: Trainer
  let loader: Trainer.Loader

  init(seed: Int = 3, lr: Double = 0.01) {
    let generator = Generator(seed: 0)
    let x = Tensor.randn([100, 4], generator: generator)
    let y = x.sum(dim: 1).gt(0).to(.int64)
    manualSeed(seed)
    net = Sequential(
      Linear(4, 16), BatchNorm1d(16), ReLU(), Dropout(0.2), Linear(16, 2))
    let optimizer = Adam(net.parameters, lr: lr)
    trainer = Trainer(
      net, optimizer: optimizer, scheduler: StepLR(optimizer, stepSize: 2), metrics: [.accuracy],
      gradientClip: 1
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

  @Test(arguments: [20, 60, 120]) func aLineThatIsRewrittenOnATerminal(width: Int) throws {
    let text = try output(isLive: true, width: width)
    let drawn = text.split(separator: "\r").filter { $0.contains("━") || $0.contains("─") }
    #expect(!drawn.isEmpty)
    #expect(drawn.allSatisfy { $0.count < width })
    if width == 120 { #expect(drawn[0].contains(" left  loss ")) }
    #expect(text.split(separator: "\n").count == 2)
  }
}

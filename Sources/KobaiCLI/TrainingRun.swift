#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Kobai

/// One run of `kobai train`: from its configuration to the files in its folder.
final class TrainingRun {
  let folder: RunFolder
  let config: RunConfig
  let data: TrainingData
  let network: Sequential
  let trainer: Trainer
  private let loader: Trainer.Loader

  init(folder: RunFolder, config: RunConfig, data: TrainingData) {
    self.folder = folder
    self.config = config
    self.data = data
    network = config.makeNetwork()
    loader = data.trainLoader(batchSize: config.batchSize)
    let optimizer = config.optimizer.make(network.parameters, lr: config.lr)
    trainer = Trainer(
      network, optimizer: optimizer,
      scheduler: config.schedule.make(
        optimizer, lr: config.lr, epochs: config.epochs, stepsPerEpoch: loader.count),
      schedulerInterval: .step, metrics: config.metrics, loss: config.loss)
  }

  /// How many examples there are for what.
  var sizes: String {
    "\(data.train.count.grouped) examples to train, \(data.validation.count.grouped) to validate, "
      + "\(data.test.count.grouped) to test"
  }

  /// Trains to the last epoch, or until it is interrupted.
  ///
  /// - Parameter continuing: whether to begin at the folder's checkpoint, if there is one.
  func train(continuing: Bool) throws {
    if continuing && FileManager.default.fileExists(atPath: folder.checkpoint) {
      try trainer.restore(Checkpoint(contentsOf: folder.checkpoint), loader: loader)
    }
    trainer.callbacks = [
      ProgressReporter(), TerminateOnNaN(), CheckpointWriter(path: folder.checkpoint),
      HistoryWriter(folder.history), InterruptionWatcher(),
    ]
    try trainer.fit(
      loader, validation: TrainingData.loader(data.validation, batchSize: 256),
      epochs: config.epochs)
  }

  /// Tests the network and writes the model, the charts and the report.
  func finish() throws -> TrainingResult {
    try network.stateDict().write(to: folder.model)
    let evaluation = try Evaluation(network, data.test, config)
    let summary = network.summary(inputSize: [1] + config.inputShape)
    let report = RunReport(
      config: config, history: trainer.history, evaluation: evaluation, summary: summary,
      images: data.testImages)
    try report.write(to: folder)
    return TrainingResult(
      folder: folder, history: trainer.history, evaluation: evaluation,
      parameters: summary.parameterCount, seed: config.seed)
  }
}

/// Keeps `history.csv` up to date, also where an earlier process was killed before it could.
private final class HistoryWriter: TrainingCallback {
  private let path: String
  init(_ path: String) { self.path = path }

  func trainingWillBegin(_ trainer: Trainer) throws {
    if trainer.epoch > 0 { try epochDidEnd(trainer) }
  }

  func epochDidEnd(_ trainer: Trainer) throws {
    try AtomicFile.write(Array(trainer.history.csv.utf8), to: path)
  }
}

/// Stops at the end of a step when Ctrl-C was pressed.
private final class InterruptionWatcher: TrainingCallback {
  func trainingWillBegin(_ trainer: Trainer) { check(trainer) }
  func batchDidEnd(_ trainer: Trainer) { check(trainer) }
  func epochDidEnd(_ trainer: Trainer) { check(trainer) }

  private func check(_ trainer: Trainer) {
    if Interruption.isRequested { trainer.stop() }
  }
}

/// What a finished run gave, for people and for programs.
struct TrainingResult {
  let folder: RunFolder
  let history: History
  let evaluation: Evaluation
  let parameters: Int
  let seed: Int

  var text: String {
    """
    \(evaluation.text)
    \(parameters.grouped) parameters, \(history.seconds.fixed(1)) s
    model   \(folder.model)
    report  \(folder.report)
    """
  }

  /// One JSON object on one line.
  var json: String {
    var numbers = evaluation.numbers
    numbers["train_loss"] = history.epochs.last?.train.loss
    numbers["validation_loss"] = history.epochs.last?.validation?.loss
    for (name, value) in history.epochs.last?.validation?.metrics ?? [:] {
      numbers["validation_\(name)"] = value
    }
    numbers["seconds"] = history.seconds
    let object = JSONObject(
      numbers: numbers,
      integers: ["parameters": parameters, "seed": seed, "epochs": history.epochs.count],
      texts: ["run": folder.path])
    return object.line
  }
}

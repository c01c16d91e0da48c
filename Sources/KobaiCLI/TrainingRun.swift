#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Kobai
import KobaiCharts

/// One run of `kobai train`: from its configuration to the files in its folder.
final class TrainingRun {
  let folder: RunFolder
  let config: RunConfig
  let data: TrainingData
  let network: Sequential
  let trainer: Trainer

  init(folder: RunFolder, config: RunConfig, data: TrainingData) {
    self.folder = folder
    self.config = config
    self.data = data
    network = config.makeNetwork()
    trainer = Trainer(
      network, optimizer: config.optimizer.make(network.parameters, lr: config.lr),
      metrics: config.metrics, loss: config.loss)
  }

  /// How many examples there are for what.
  var sizes: String {
    "\(data.train.count.grouped) examples to train, \(data.validation.count.grouped) to validate, "
      + "\(data.test.count.grouped) to test"
  }

  func train(continuing: Bool) throws {
    let loader = data.trainLoader(batchSize: config.batchSize)
    if continuing && FileManager.default.fileExists(atPath: folder.checkpoint) {
      try trainer.restore(Checkpoint(contentsOf: folder.checkpoint), loader: loader)
    }
    trainer.callbacks = [
      ProgressReporter(), CheckpointWriter(path: folder.checkpoint), HistoryWriter(folder.history),
      InterruptionWatcher(),
    ]
    try trainer.fit(
      loader, validation: TrainingData.loader(data.validation, batchSize: 256),
      epochs: config.epochs)
  }

  /// Tests the network and writes the model, the charts and the report.
  func finish(seconds: Double) throws -> TrainingResult {
    try network.stateDict().write(to: folder.model)
    let evaluation = try Evaluation(network, data.test, config, trainer)
    let report = RunReport(
      config: config, history: trainer.history, evaluation: evaluation,
      summary: network.summary(inputSize: [1] + config.inputShape), images: data.testImages,
      seconds: seconds)
    try report.write(to: folder)
    return TrainingResult(
      folder: folder, history: trainer.history, evaluation: evaluation, seconds: seconds,
      parameters: network.parameters.reduce(0) { $0 + $1.count }, seed: config.seed)
  }
}

/// Keeps `history.csv` up to date.
private final class HistoryWriter: TrainingCallback {
  private let path: String
  init(_ path: String) { self.path = path }

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
  let seconds: Double
  let parameters: Int
  let seed: Int

  var text: String {
    """
    \(evaluation.text)
    \(parameters.grouped) parameters, \(seconds.fixed(1)) s
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
    numbers["seconds"] = seconds
    let object = JSONObject(
      numbers: numbers,
      integers: ["parameters": parameters, "seed": seed, "epochs": history.epochs.count],
      texts: ["run": folder.path])
    return object.line
  }
}

/// A flat JSON object with sorted keys.
struct JSONObject: Encodable {
  var numbers: [String: Double] = [:]
  var integers: [String: Int] = [:]
  var texts: [String: String] = [:]

  var line: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (key, value) in numbers { try container.encode(value, forKey: Key(key)) }
    for (key, value) in integers { try container.encode(value, forKey: Key(key)) }
    for (key, value) in texts { try container.encode(value, forKey: Key(key)) }
  }
}

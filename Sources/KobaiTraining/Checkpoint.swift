#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import KobaiData
import KobaiFormats
import KobaiNN
import KobaiOptim
import KobaiTensor

/// All that a training run needs to go on as if nothing had happened: parameters and buffers, the
/// optimizer's and the scheduler's state, the random numbers, the position in the data, the history.
///
///     try trainer.checkpoint().write(to: "checkpoint.safetensors")
///     // in another process, with the same model, optimizer and data:
///     try trainer.restore(Checkpoint(contentsOf: "checkpoint.safetensors"), loader: loader)
///     try trainer.fit(loader, epochs: 10)
///
/// One safetensors file holds it: `model.…`, `optimizer.…`, and a text under `kobai.training`.
public struct Checkpoint: Sendable {
  /// The module's state under its own names.
  public var model: StateDict
  /// The optimizer's state and options.
  public var optimizer: OptimizerState
  /// The scheduler's state; empty without one.
  public var scheduler: [String: HyperparameterValue]
  /// What the epochs that are over gave.
  public var history: History
  var progress: Progress

  /// Where the run stands.
  struct Progress: Codable {
    var batch: Int
    var running: RunningScore
    var lr: Double?
    var seconds: Double
    var loader: DataLoaderState?
    var generator: GeneratorState
  }

  /// The text of the file.
  private struct Text: Codable {
    var version = 1
    var optimizer: [String: String]
    var optimizerNames: [String]
    var scheduler: [String: String]
    var history: History
    var progress: Progress
  }

  private static let key = "kobai.training"
  /// JSON has no words for these.
  private static let nonFinite = (inf: "inf", minusInf: "-inf", nan: "nan")

  init(
    model: StateDict, optimizer: OptimizerState, scheduler: [String: HyperparameterValue],
    history: History, progress: Progress
  ) {
    self.model = model
    self.optimizer = optimizer
    self.scheduler = scheduler
    self.history = history
    self.progress = progress
  }

  /// Writes the file, complete or not at all: an earlier checkpoint is kept until the new one is safe.
  ///
  /// - Throws: `FileError`.
  public func write(to path: String) throws {
    let (tensors, metadata) = try contents()
    try tensors.write(to: path, metadata: metadata)
  }

  /// The bytes of the file that `write` makes: to be kept elsewhere than in a file.
  ///
  ///     let bytes = try trainer.checkpoint().encode()
  ///     try trainer.restore(Checkpoint(SafeTensors(bytes: bytes)), loader: loader)
  ///
  /// - Throws: `SafeTensorsError` for complex128, which the format does not have.
  public func encode() throws -> [UInt8] {
    let (tensors, metadata) = try contents()
    return try SafeTensors.encode(tensors, metadata: metadata)
  }

  private func contents() throws -> (StateDict, [String: String]) {
    var tensors = StateDict()
    for (name, tensor) in model { tensors["model.\(name)"] = tensor }
    for (name, tensor) in optimizer.tensors { tensors["optimizer.\(name)"] = tensor }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // A run that diverged can be continued and looked at too.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: Self.nonFinite.inf, negativeInfinity: Self.nonFinite.minusInf,
      nan: Self.nonFinite.nan)
    let text = Text(
      optimizer: optimizer.metadata, optimizerNames: optimizer.tensors.map(\.name),
      scheduler: scheduler.mapValues(\.description), history: history, progress: progress)
    return (tensors, [Self.key: String(decoding: try encoder.encode(text), as: UTF8.self)])
  }

  /// Reads a file that `write` made.
  ///
  /// - Throws: `FileError`, `SafeTensorsError`; `TrainingError` if it is no checkpoint.
  public init(contentsOf path: String) throws { try self.init(SafeTensors(contentsOf: path), path) }

  /// Reads the contents of a file that `write` made.
  public init(_ file: SafeTensors, _ path: String = "the file") throws {
    guard let json = file.metadata[Self.key] else {
      throw TrainingError(
        message:
          "checkpoint: \(path) holds no training state; give the checkpoint of a run, not its "
          + "model")
    }
    let text: Text
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: Self.nonFinite.inf, negativeInfinity: Self.nonFinite.minusInf,
      nan: Self.nonFinite.nan)
    do {
      text = try decoder.decode(Text.self, from: Data(json.utf8))
    } catch {
      throw TrainingError(
        message: "checkpoint: the training state in \(path) cannot be read: it is damaged, or of "
          + "another version")
    }
    guard text.version == 1 else {
      throw TrainingError(
        message: "checkpoint: \(path) has version \(text.version), but only version 1 is known here"
      )
    }
    let tensors = StateDict(try file.tensors())
    model = tensors.below("model")
    let kept = tensors.below("optimizer")
    optimizer = OptimizerState(
      tensors: text.optimizerNames.compactMap { name in kept[name].map { (name, $0) } },
      metadata: text.optimizer)
    scheduler = text.scheduler.compactMapValues { HyperparameterValue(json: $0) }
    history = text.history
    progress = text.progress
    guard progress.batch >= 0, progress.running.isPlausible else {
      throw TrainingError(
        message:
          "checkpoint: the training state in \(path) is damaged: it counts \(progress.batch) "
          + "batches, or examples that cannot be")
    }
  }
}

extension Trainer {
  /// The run as it stands, between steps.
  public func checkpoint() -> Checkpoint {
    Checkpoint(
      model: model.stateDict(), optimizer: optimizer.stateDict(),
      scheduler: scheduler?.stateDict() ?? [:], history: history,
      progress: Checkpoint.Progress(
        batch: batch, running: running, lr: stepLR, seconds: secondsInEpoch,
        loader: loader?.state,
        generator: GeneratorState(bytes: Generator.default.state)))
  }

  /// Goes back to where `checkpoint` was taken; `fit` with this loader continues from there.
  ///
  /// - Throws: what does not fit: the model, the optimizer, the scheduler or the loader. The run is then
  ///   what it was.
  public func restore(_ checkpoint: Checkpoint, loader: Loader) throws {
    let before = (model.stateDict(), optimizer.stateDict(), scheduler?.stateDict())
    do {
      try model.load(checkpoint.model)
      try optimizer.load(checkpoint.optimizer)
      try scheduler?.load(checkpoint.scheduler)
      try Generator().setState(checkpoint.progress.generator.bytes)
      guard checkpoint.progress.batch <= loader.count else {
        throw TrainingError(
          message:
            "restore: the checkpoint stands behind batch \(checkpoint.progress.batch) of an epoch, "
            + "but the loader has \(loader.count); make it with the same data and batch size")
      }
      if let state = checkpoint.progress.loader { try loader.restore(state) }
    } catch {
      // What was there a moment ago fits.
      _ = try? model.load(before.0)
      try? optimizer.load(before.1)
      if let state = before.2 { try? scheduler?.load(state) }
      throw error
    }
    try Generator.default.setState(checkpoint.progress.generator.bytes)
    batches = nil
    history = checkpoint.history
    batch = checkpoint.progress.batch
    running = checkpoint.progress.running
    stepLR = checkpoint.progress.lr
    secondsBefore = checkpoint.progress.seconds
  }
}

/// Writes a checkpoint at the end of each epoch, and between when some time has passed.
///
///     trainer.callbacks.append(CheckpointWriter(path: "run/checkpoint.safetensors"))
public final class CheckpointWriter: TrainingCallback {
  /// The file.
  public let path: String
  /// The longest time whose work a kill may cost.
  public let interval: Duration
  private var last = ContinuousClock.now
  private var position: [Int]?

  /// - Parameters:
  ///   - path: the file, in a folder that exists.
  ///   - interval: the longest time whose work a kill may cost.
  public init(path: String, interval: Duration = .seconds(20)) {
    self.path = path
    self.interval = interval
  }

  public func trainingWillBegin(_ trainer: Trainer) throws { last = .now }

  public func batchDidEnd(_ trainer: Trainer) throws {
    // The last batch's checkpoint is that of the epoch, which follows at once.
    if .now - last > interval && trainer.batch < trainer.batchCount { try write(trainer) }
  }

  public func epochDidEnd(_ trainer: Trainer) throws { try write(trainer) }

  public func trainingDidEnd(_ trainer: Trainer) throws {
    if trainer.isStopped { try write(trainer) }
  }

  private func write(_ trainer: Trainer) throws {
    guard position != [trainer.epoch, trainer.batch] else { return }
    try trainer.checkpoint().write(to: path)
    position = [trainer.epoch, trainer.batch]
    last = .now
  }
}

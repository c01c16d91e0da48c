import Kobai

/// The examples of a run: 60 % (or what the data set says) to train, the rest to validate and test.
struct TrainingData {
  typealias Loader = Trainer.Loader

  let train, validation, test: any Dataset<(Tensor, Tensor)>
  let classes: [String]
  let inputShape: Shape
  let preparation: Preparation
  let task: RunConfig.Task
  /// The images of the test part, for the report; nil for tables.
  let testImages: LabeledImages?

  /// The examples of a named data set or a CSV file, always the same split.
  static func load(
    _ data: String, directory: String?, target: String?, report: (String) -> Void
  ) throws -> TrainingData {
    if data.lowercased().hasSuffix(".csv") {
      return try table(data, target: target, report: report)
    }
    guard target == nil else {
      throw CommandError("--target names a column of a CSV file, but the data set is \(data)")
    }
    return try images(data, directory: directory)
  }

  private static func images(_ name: String, directory: String?) throws -> TrainingData {
    let meter = DownloadMeter()
    defer { meter.finish() }
    var data = try ImageClassification.load(name, from: directory) { meter.show($0) }
    if data.validation == nil {
      // A twelfth of MNIST's 60,000, a tenth at most of smaller sets.
      data = data.splittingValidation(Swift.min(5000, data.train.count / 10))
    }
    let maximum = Double(data.train.maximum)
    let preparation = Preparation.image(maximum: maximum, mean: data.mean, std: data.std)
    let test = data.test
    let normalized = data.normalized()
    guard let validation = normalized.validation else {
      throw CommandError("\(name) has no examples to validate with")
    }
    return TrainingData(
      train: normalized.train, validation: validation, test: normalized.test,
      classes: data.classes, inputShape: data.imageShape, preparation: preparation,
      task: .classification, testImages: test)
  }

  /// Whether these are the examples that a run was begun with.
  ///
  /// - Throws: `CommandError` if they are others: a file has changed since.
  func check(against config: RunConfig, _ folder: RunFolder) throws {
    guard inputShape == config.inputShape, classes == config.classes else {
      throw CommandError(
        "\(config.data) is not what the run \(folder.path) was begun with: its examples have shape "
          + "\(inputShape) in place of \(config.inputShape), or other classes; train again")
    }
    guard preparation == config.preparation else {
      throw CommandError(
        "\(config.data) is not what the run \(folder.path) was begun with: its numbers have other "
          + "means or categories; train again")
    }
  }

  /// Batches of one part in its own order.
  static func loader(_ part: any Dataset<(Tensor, Tensor)>, batchSize: Int) -> Loader {
    func open(_ part: some Dataset<(Tensor, Tensor)>) -> Loader {
      DataLoader(part, batchSize: batchSize)
    }
    return open(part)
  }

  /// Batches of the training part, in a new random order each epoch.
  func trainLoader(batchSize: Int) -> Loader {
    func open(_ part: some Dataset<(Tensor, Tensor)>) -> Loader {
      DataLoader(part, batchSize: batchSize, shuffle: true, prefetch: 2)
    }
    return open(train)
  }
}

/// Shows how far a download is, on a terminal.
private final class DownloadMeter {
  private var shown = 0

  func show(_ progress: DownloadProgress) {
    guard Terminal.isInteractive else { return }
    let megabytes = { (bytes: Int) in (Double(bytes) / 1e6).fixed(1) }
    let size = progress.total.map { " of \(megabytes($0))" } ?? ""
    let line = "downloading \(progress.file): \(megabytes(progress.received))\(size) MB"
    Terminal.write("\r\(line)" + String(repeating: " ", count: Swift.max(0, shown - line.count)))
    shown = line.count
  }

  func finish() {
    if shown > 0 { Terminal.write("\r" + String(repeating: " ", count: shown) + "\r") }
    shown = 0
  }
}

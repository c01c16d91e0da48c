import ArgumentParser
import Kobai

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network and leave a run folder with the model and a report.",
    discussion: """
      Data sets: digits (1,797 handwritten digits of 8 × 8 pixels, inside the program), mnist, \
      fashion-mnist, cifar10 (read from --data-dir, $KOBAI_DATA or the cache, else downloaded), or a CSV \
      file with a header, whose --target column is predicted: a class if it holds text or few whole \
      numbers, else a number.

        kobai train --data mnist --model cnn --epochs 1
        kobai train --data houses.csv --target price --epochs 100
        kobai train --resume runs/digits-cnn-1
      """)

  @Option(help: "digits, mnist, fashion-mnist, cifar10 or a CSV file.")
  var data: String?

  @Option(help: "The column of a CSV file to predict.")
  var target: String?

  @Option(help: "cnn (images) or mlp. Default: cnn for images, mlp for tables.")
  var model: Network?

  // A value may begin with a minus sign, to be refused by its own sentence.
  @Option(
    parsing: .unconditional,
    help: "How often each training example is seen. Default: 30 for digits and tables, else 5.")
  var epochs: Int?

  @Option(
    parsing: .unconditional, help: "Examples of a step. Default: 64; 32 for digits and tables.")
  var batchSize: Int?

  @Option(
    parsing: .unconditional,
    help: "The largest learning rate. Default: 0.002; 0.02 for sgd, 1 for adadelta.")
  var lr: Double?

  @Option(
    help: """
      one-cycle (the rate rises in the first third, then falls to almost 0) or constant. Default: \
      one-cycle.
      """)
  var schedule: Schedule?

  @Option(help: "sgd (with momentum 0.9), adam, adamw, rmsprop or adadelta. Default: adam.")
  var optimizer: OptimizerName?

  @Option(
    parsing: .unconditional,
    help: "Decides all random numbers: the same seed gives the same model. Default: 0.")
  var seed: Int?

  @OptionGroup var machine: MachineOptions

  @Option(
    help: """
      The folder that holds the files of a named data set, or a folder of its name with them. Digits and \
      CSV files need none.
      """)
  var dataDir: String?

  @Option(help: "The run folder to make. Default: runs/DATA-MODEL-N with the next free N.")
  var out: String?

  @Option(help: "Continue the run of this folder where it was interrupted.")
  var resume: String?

  @Flag(help: "End with one line of JSON: accuracy, losses, seconds, parameters, seed.")
  var json = false

  /// More epochs or examples than anybody needs; their products still fit into numbers.
  static let largestCount = 1_000_000_000

  func validate() throws {
    for (name, value) in [
      ("--data", data), ("--target", target), ("--out", out), ("--resume", resume),
      ("--data-dir", dataDir),
    ] where value?.isEmpty == true {
      throw ValidationError("\(name) must not be empty")
    }
    if resume != nil {
      let fixed: [(String, Bool)] = [
        ("--data", data != nil), ("--target", target != nil), ("--model", model != nil),
        ("--epochs", epochs != nil), ("--batch-size", batchSize != nil), ("--lr", lr != nil),
        ("--schedule", schedule != nil), ("--optimizer", optimizer != nil), ("--seed", seed != nil),
        ("--out", out != nil),
      ]
      let given = fixed.filter(\.1).map(\.0)
      guard given.isEmpty else {
        throw ValidationError(
          "--resume continues a run as it was begun; leave out \(given.joined(separator: ", "))")
      }
    }
    for (name, value) in [("--epochs", epochs), ("--batch-size", batchSize)] {
      if let value, !(1...Self.largestCount).contains(value) {
        throw ValidationError(
          "\(name) must lie between 1 and \(Self.largestCount), but is \(value)")
      }
    }
    if let lr, !(lr > 0 && lr.isFinite) {
      throw ValidationError("--lr must be positive, but is \(lr)")
    }
    if let data, data.lowercased().hasSuffix(".csv"), target == nil {
      throw ValidationError("\(data) is a table: name the column to predict with --target")
    }
    if let data, !data.lowercased().hasSuffix(".csv"), !ImageClassification.names.contains(data) {
      throw ValidationError(
        "unknown data set \(data); there are \(ImageClassification.names.joined(separator: ", ")), "
          + "and files whose name ends in .csv")
    }
  }

  func run() throws {
    try machine.apply()
    Interruption.catchSignals()
    let (folder, config, data) = try prepare()
    let run = TrainingRun(folder: folder, config: config, data: data)
    if resume == nil {
      say("training \(config.network.rawValue) on \(config.data): \(run.sizes)")
    } else {
      say("continuing \(folder.path): \(run.sizes)")
    }
    try run.train(continuing: resume != nil)
    if let signal = Interruption.caughtSignal, run.trainer.isStopped {
      say(
        "interrupted in epoch \(run.trainer.epoch + 1) of \(config.epochs); continue with: "
          + "kobai train --resume \(folder.path)")
      throw ExitCode(128 + signal)
    }
    let result = try run.finish()
    say(result.text)
    if json { say(result.json) }
  }

  private func prepare() throws -> (RunFolder, RunConfig, TrainingData) {
    do {
      return try resume.map { try reopen(RunFolder(path: $0)) } ?? begin()
    } catch let error as DatasetError where error.kind == .cancelled {
      say("interrupted while the data set was fetched; nothing of it is kept")
      throw ExitCode(128 + (Interruption.caughtSignal ?? 2))
    }
  }

  /// A new run with its folder and configuration.
  private func begin() throws -> (RunFolder, RunConfig, TrainingData) {
    let name = data ?? "digits"
    let isTable = name.lowercased().hasSuffix(".csv")
    let network = model ?? (isTable ? .mlp : .cnn)
    if isTable && network == .cnn {
      throw CommandError("cnn needs images, but \(name) is a table; train an mlp")
    }
    let data = try TrainingData.load(name, directory: dataDir, target: target) { say($0) }
    let isSmall = isTable || name == "digits"
    let optimizer = optimizer ?? .adam
    let config = RunConfig(
      data: isTable ? absolutePath(name) : name, dataDirectory: dataDir.map(absolutePath),
      target: target, task: data.task, classes: data.classes, network: network,
      inputShape: data.inputShape, preparation: data.preparation,
      epochs: epochs ?? (isSmall ? 30 : 5), batchSize: batchSize ?? (isSmall ? 32 : 64),
      lr: lr ?? optimizer.defaultLearningRate, schedule: schedule ?? .oneCycle,
      optimizer: optimizer, seed: seed ?? 0)
    let stem = isTable ? fileStem(name) : name
    let folder = try RunFolder.create(at: out, name: "\(stem)-\(network.rawValue)")
    try folder.write(config)
    return (folder, config, data)
  }

  private func reopen(_ folder: RunFolder) throws -> (RunFolder, RunConfig, TrainingData) {
    let config = try folder.readConfig()
    let data = try TrainingData.load(
      config.data, directory: dataDir ?? config.dataDirectory, target: config.target
    ) { _ in }
    try data.check(against: config, folder)
    folder.removeRemains()
    return (folder, config, data)
  }
}

extension Network: ExpressibleByArgument {}
extension Schedule: ExpressibleByArgument {}
extension OptimizerName: ExpressibleByArgument {}

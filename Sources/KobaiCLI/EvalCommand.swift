import ArgumentParser
import Kobai

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Test the model of a run on the examples it did not learn from.",
    discussion: "Prints the accuracy and a confusion matrix, or R² for a number that is predicted.")

  @Argument(help: ArgumentHelp("The run folder.", valueName: "run"))
  var runFolder: String

  @Option(help: "The folder that holds the data set's files.")
  var dataDir: String?

  @OptionGroup var machine: MachineOptions

  @Flag(help: "Print one line of JSON instead.")
  var json = false

  func run() throws {
    try machine.apply()
    let folder = RunFolder(path: runFolder)
    let config = try folder.readConfig()
    let network = try folder.loadNetwork(config)
    let data = try TrainingData.load(
      config.data, directory: dataDir ?? config.dataDirectory, target: config.target
    ) { _ in }
    let trainer = Trainer(
      network, optimizer: config.optimizer.make(network.parameters, lr: config.lr),
      loss: config.loss)
    let evaluation = try Evaluation(network, data.test, config, trainer)
    if json {
      say(
        JSONObject(numbers: evaluation.numbers, integers: ["examples": evaluation.count]).line)
      return
    }
    say(evaluation.text)
    if config.task == .classification {
      say(confusionTable(evaluation.confusion, config.classes))
    }
  }

  /// Counts in columns; rows are the true classes.
  private func confusionTable(_ counts: [[Int]], _ classes: [String]) -> String {
    let width = Swift.max(
      5, (classes.map(\.count) + counts.joined().map { "\($0)".count }).max() ?? 0)
    func right(_ text: String) -> String {
      String(repeating: " ", count: Swift.max(0, width - text.count)) + text
    }
    let header = right("true") + "  " + classes.map(right).joined(separator: " ")
    let rows = zip(classes, counts).map { name, row in
      right(name) + "  " + row.map { right("\($0)") }.joined(separator: " ")
    }
    return ([header] + rows).joined(separator: "\n")
  }
}

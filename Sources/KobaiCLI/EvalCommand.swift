import ArgumentParser
import Kobai

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Test the model of a run on the examples it did not learn from.",
    discussion: """
      Prints the accuracy and a confusion matrix with precision, recall and F1 of each class, or R² and the \
      error for a number that is predicted. The data are read again from where the run had them.
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "run"))
  var runFolder: String

  @Option(help: "The folder that holds the data set's files. Default: as for the run.")
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
    try data.check(against: config, folder)
    let evaluation = try Evaluation(network, data.test, config)
    if json {
      say(
        JSONObject(numbers: evaluation.numbers, integers: ["examples": evaluation.count]).line)
      return
    }
    say(evaluation.text)
    if case .classes(let answers) = evaluation.quality { say(answers.matrix) }
  }
}

import ArgumentParser
import Kobai

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Show the network of a run: its layers, shapes, parameters.")

  @Argument(help: ArgumentHelp("The run folder.", valueName: "run"))
  var runFolder: String

  func run() throws {
    let config = try RunFolder(path: runFolder).readConfig()
    let network = config.makeNetwork()
    say(network.summary(inputSize: [1] + config.inputShape))
  }
}

import ArgumentParser

@main
struct KobaiCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kobai",
    abstract: "Trains neural networks on images and tables, and uses what they learned.",
    discussion: """
      Begin with a network for handwritten digits, on data inside the program:

        kobai train

      It leaves a run folder with the model, its learning curves and a report to open in a browser. \
      Then look at it, test it, use it:

        kobai summary runs/digits-cnn-1
        kobai eval runs/digits-cnn-1
        kobai predict runs/digits-cnn-1 seven.png

      Exit status: 0 done, 1 failed (a sentence on standard error says why), 64 wrong arguments, \
      130 interrupted by Ctrl-C with a checkpoint to continue from.
      """,
    version: "0.1.0",
    subcommands: [
      TrainCommand.self, EvalCommand.self, PredictCommand.self, SummaryCommand.self,
    ])
}

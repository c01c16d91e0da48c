import ArgumentParser
import Kobai

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Answer for new examples with the model of a run.",
    discussion: """
      Images come as PNG (resized to what the network takes), IDX (also .gz) or NPY files; rows of a table \
      as CSV with the columns that the model was trained on, or NPY. One line for each example, or a row \
      of CSV with --csv:

        kobai predict runs/mnist-cnn-1 seven.png
        kobai predict runs/mnist-cnn-1 t10k-images-idx3-ubyte.gz --csv > answers.csv
        kobai predict runs/houses-mlp-1 new.csv
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "run"))
  var runFolder: String

  @Argument(help: "PNG, IDX, NPY or CSV files.")
  var files: [String]

  @Flag(help: "Print a header and rows of CSV: file, index, prediction, probability.")
  var csv = false

  @Flag(help: "Exchange black and white of PNG files, for dark writing on light paper.")
  var invert = false

  @Option(
    help: """
      Also write the network's outputs for all examples to this NPY file: scores of the classes before \
      softmax, or numbers before they are put into the column's unit.
      """)
  var outputs: String?

  @OptionGroup var machine: MachineOptions

  func run() throws {
    try machine.apply()
    let folder = RunFolder(path: runFolder)
    let config = try folder.readConfig()
    let network = try folder.loadNetwork(config)
    let reader = ExampleReader(config: config, isInverted: invert)
    if csv {
      let columns = ["file", "index", "prediction"]
      say(try CSV.line(config.task == .classification ? columns + ["probability"] : columns))
    }
    var scores: [Tensor] = []
    for file in files {
      let examples = try reader.read(file)
      let isOne = examples.shape[0] == 1
      for start in stride(from: 0, to: examples.shape[0], by: 256) {
        let batch = examples[start..<Swift.min(start + 256, examples.shape[0])]
        let output = noGrad { network(batch) }
        if outputs != nil { scores.append(output) }
        for (i, answer) in answers(output, config).enumerated() {
          try show(answer, file: file, index: start + i, isOne: isOne)
        }
      }
    }
    guard let outputs else { return }
    let all = scores.isEmpty ? Tensor.zeros([0, config.outputs]) : Tensor.cat(scores)
    try all.write(npy: outputs)
  }

  private func answers(_ outputs: Tensor, _ config: RunConfig) -> [(text: String, sure: Double?)] {
    guard config.task == .classification else {
      return config.numbers(outputs).array(as: Double.self).map { ("\($0)", nil) }
    }
    let (sure, classes) = outputs.softmax(dim: 1).max(dim: 1)
    return zip(classes.array(as: Int.self), sure.array(as: Double.self)).map {
      (config.classes[$0], $1)
    }
  }

  private func show(_ answer: (text: String, sure: Double?), file: String, index: Int, isOne: Bool)
    throws
  {
    if csv {
      say(
        try CSV.line([file, "\(index)", answer.text] + (answer.sure.map { [$0.fixed(6)] } ?? [])))
    } else {
      let name = isOne ? file : "\(file)[\(index)]"
      say("\(name): \(answer.text)" + (answer.sure.map { "  (\($0.fixed(4)))" } ?? ""))
    }
  }
}

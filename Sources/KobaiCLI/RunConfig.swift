#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Kobai

/// What decides a run, so that it can be continued, tested and used later: `config.json`.
struct RunConfig: Codable {
  /// What is learned.
  enum Task: String, Codable {
    case classification, regression
  }

  var version = 1
  /// A data set's name, or the absolute path of a CSV file.
  var data: String
  /// The folder that was named with --data-dir.
  var dataDirectory: String?
  /// The column of a table that is predicted.
  var target: String?
  var task: Task
  /// The classes' names in the order of the outputs; empty for regression.
  var classes: [String]
  var network: Network
  /// An example's shape: [C, H, W] or [features].
  var inputShape: Shape
  /// How inputs are made from files.
  var preparation: Preparation
  var epochs: Int
  var batchSize: Int
  /// The largest learning rate.
  var lr: Double
  var schedule: Schedule
  var optimizer: OptimizerName
  var seed: Int

  /// The number of the network's outputs.
  var outputs: Int { task == .classification ? classes.count : 1 }

  /// What no run can have, in a few words; nil if all is well. A file may have been changed by hand.
  var fault: String? {
    if epochs < 1 || epochs > TrainCommand.largestCount { return "epochs is \(epochs)" }
    if batchSize < 1 || batchSize > TrainCommand.largestCount { return "batchSize is \(batchSize)" }
    if !(lr > 0 && lr.isFinite) { return "lr is \(lr)" }
    if task == .classification && classes.isEmpty { return "there are no classes" }
    let rank = inputShape.count
    let ranks = network == .cnn ? [3] : [1, 3]
    if !ranks.contains(rank) || !inputShape.allSatisfy({ (1...1 << 20).contains($0) }) {
      return "inputShape is \(inputShape)"
    }
    switch preparation {
    case .image(_, let mean, let std):
      let isRight = rank == 3 && mean.count == inputShape[0] && std.count == mean.count
      return isRight ? nil : "preparation does not fit inputShape"
    case .table(let encoder):
      let isRight = rank == 1 && encoder.featureCount == inputShape[0]
      return isRight && (encoder.classes ?? []) == classes
        ? nil : "preparation does not fit inputShape and classes"
    }
  }

  /// The network with the initial values of the seed.
  func makeNetwork() -> Sequential {
    manualSeed(seed)
    return network.make(input: inputShape, outputs: outputs)
  }

  /// The loss that training makes small.
  var loss: (Tensor, Tensor) -> Tensor {
    task == .classification ? { crossEntropy($0, $1) } : { mseLoss($0, $1) }
  }

  /// Outputs of a regression in the unit of the table's column.
  func numbers(_ outputs: Tensor) -> Tensor {
    guard case .table(let encoder) = preparation else { return outputs }
    return encoder.numbers(of: outputs.to(.float64))
  }

  /// What is shown beside the loss.
  var metrics: [Metric] { task == .classification ? [.accuracy] : [.mae] }
}

/// How a file's numbers become a network's input: it belongs to the run, since the network learned with it.
enum Preparation: Codable, Hashable {
  /// Pixels are divided by `maximum`, then (x − mean) / std for each channel.
  case image(maximum: Double, mean: [Double], std: [Double])
  /// The columns of a table, encoded and standardised as fitted on the training part.
  case table(TableEncoder)
}

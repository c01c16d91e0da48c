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
  var lr: Double
  var optimizer: OptimizerName
  var seed: Int

  /// The number of the network's outputs.
  var outputs: Int { task == .classification ? classes.count : 1 }

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
  func numbers(_ outputs: Tensor) -> [Double] {
    guard case .table(let encoder) = preparation else { return outputs.array(as: Double.self) }
    return encoder.numbers(of: outputs.to(.float64)).array(as: Double.self)
  }

  var metrics: [Metric] { task == .classification ? [.accuracy] : [.mae] }
}

/// How a file's numbers become a network's input: it belongs to the run, since the network learned with it.
enum Preparation: Codable {
  /// Pixels are divided by `maximum`, then (x − mean) / std for each channel.
  case image(maximum: Double, mean: [Double], std: [Double])
  /// The columns of a table, encoded and standardised as fitted on the training part.
  case table(TableEncoder)
}

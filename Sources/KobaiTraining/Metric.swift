import KobaiOperators
import KobaiTensor

/// A number that tells how good outputs are, besides the loss: its mean over all examples.
///
///     let metric = Metric("top5") { output, target in … }   // one number per example
public struct Metric: Sendable {
  /// By which it stands in the history.
  public let name: String
  /// Whether larger is better.
  public let isHigherBetter: Bool
  /// A tensor with one number for each example (or place) of a batch, of which the mean is taken.
  public let values: @Sendable (_ output: Tensor, _ target: Tensor) -> Tensor

  /// - Parameters:
  ///   - name: by which it stands in the history.
  ///   - isHigherBetter: whether larger is better.
  ///   - values: one number for each example (or place) of a batch.
  public init(
    _ name: String, isHigherBetter: Bool = true,
    values: @escaping @Sendable (_ output: Tensor, _ target: Tensor) -> Tensor
  ) {
    self.name = name
    self.isHigherBetter = isHigherBetter
    self.values = values
  }

  /// The part of examples whose largest output stands at their class. Outputs [N, C, …], classes [N, …].
  public static let accuracy = Metric("accuracy") { output, target in
    output.argmax(dim: 1).eq(target)
  }

  /// The part of examples on the right side of a threshold. One output and a target 0 or 1 for each.
  public static func binaryAccuracy(threshold: Double = 0.5) -> Metric {
    Metric("accuracy") { output, target in output.ge(threshold).eq(target.ge(0.5)) }
  }

  /// The mean absolute error.
  public static let mae = Metric("mae", isHigherBetter: false) { output, target in
    (output - target).abs()
  }
}

/// Sums of a loss and metrics over examples: what a run carries through an epoch.
struct RunningScore: Codable, Hashable {
  private var loss = 0.0
  private var examples = 0
  private var sums: [String: Double] = [:]
  private var counts: [String: Int] = [:]

  /// Whether the counts can be those of an epoch: a file may be damaged.
  var isPlausible: Bool {
    let possible = 0...(1 << 53)
    return possible.contains(examples) && counts.values.allSatisfy(possible.contains)
  }

  mutating func add(
    loss: Tensor, _ output: Tensor, _ target: Tensor, _ metrics: [Metric]
  ) {
    let size = target.shape.first ?? 1
    self.loss += loss.item() * Double(size)
    examples += size
    noGrad {
      let output = output.detach()
      for metric in metrics {
        let values = metric.values(output, target)
        sums[metric.name, default: 0] += values.to(.float64).sum().item()
        counts[metric.name, default: 0] += values.count
      }
    }
  }

  /// The means so far; nil before the first example.
  var score: History.Score? {
    guard examples > 0 else { return nil }
    return History.Score(
      loss: loss / Double(examples),
      metrics: sums.reduce(into: [:]) { means, sum in
        means[sum.key] = sum.value / Double(Swift.max(1, counts[sum.key] ?? 1))
      })
  }
}

import KobaiOperators
import KobaiTensor

/// An approximation of softmax for many classes of very different frequency (Grave et al., 2016): frequent
/// classes in a head, the others in clusters, each behind a smaller projection.
///
///     let layer = AdaptiveLogSoftmaxWithLoss(64, 10_000, cutoffs: [100, 1000])
///     let (output, loss) = layer(Tensor.randn([32, 64]), Tensor.randint(10_000, [32]))
///
/// State: `head` and `tail.0`, …, each with the weights `0` and `1`. Classes are to be sorted by frequency,
/// the most frequent first.
public final class AdaptiveLogSoftmaxWithLoss: ModuleBase {
  /// The size of the input, and the number of classes.
  public let inFeatures, nClasses: Int
  /// Where the clusters end; the last is the number of classes.
  public let cutoffs: [Int]
  /// By how much each cluster's projection is smaller than the one before.
  public let divValue: Double
  /// The scores of the frequent classes, then one for each cluster.
  public let head: Linear
  /// The two linear layers of each cluster: the projection, then the scores of its classes.
  public let tail: [Sequential]

  /// - Parameters:
  ///   - cutoffs: where the head and all clusters but the last end, increasing.
  ///   - divValue: by how much each cluster's projection is smaller than the one before.
  public init(
    _ inFeatures: Int, _ nClasses: Int, cutoffs: [Int], divValue: Double = 4,
    headBias: Bool = false, dtype: DType? = nil
  ) {
    self.inFeatures = inFeatures
    self.nClasses = nClasses
    self.divValue = divValue
    let isValid =
      !cutoffs.isEmpty && zip(cutoffs, cutoffs.dropFirst()).allSatisfy(<)
      && cutoffs.allSatisfy { $0 > 0 && $0 < nClasses }
    let bounds = (isValid ? cutoffs : [1]) + [Swift.max(nClasses, 2)]
    self.cutoffs = bounds
    head = Linear(inFeatures, bounds[0] + bounds.count - 1, bias: headBias, dtype: dtype)
    tail = bounds.indices.dropLast().map { i in
      var divisor = divValue
      for _ in 0..<i { divisor *= divValue }
      let size = Int((Double(inFeatures) / divisor).rounded(.down))
      return Sequential(
        Linear(inFeatures, size, bias: false, dtype: dtype),
        Linear(size, bounds[i + 1] - bounds[i], bias: false, dtype: dtype))
    }
    super.init()
    if !isValid {
      misuse(
        "AdaptiveLogSoftmaxWithLoss: cutoffs should be a sequence of unique, positive integers sorted in "
          + "an increasing order, where each value is between 1 and n_classes-1, but they are \(cutoffs) "
          + "for \(nClasses) classes", else: ())
    }
  }

  /// The log probability of each target and the mean of their negatives.
  ///
  /// - Parameters:
  ///   - input: [N, in] or [in].
  ///   - target: classes [N] or [].
  public func callAsFunction(_ input: Tensor, _ target: Tensor) -> (output: Tensor, loss: Tensor) {
    scoped {
      guard target.rank <= 1, input.rank == target.rank + 1,
        input.shape.dropLast() == target.shape[...]
      else {
        return misuse(
          "AdaptiveLogSoftmaxWithLoss: Input and target should have the same size in the batch "
            + "dimension, in 1D or 0D targets, but got shapes \(input.shape) and \(target.shape)",
          else: (.poison, .poison))
      }
      let x = input.rank == 1 ? input.unsqueeze(0) : input
      let classes = target.reshape([-1]).array(as: Int.self)
      guard classes.allSatisfy({ $0 >= 0 && $0 < nClasses }) else {
        return misuse(
          "AdaptiveLogSoftmaxWithLoss: Target values should be in [0, \(nClasses - 1)], but values in "
            + "range [\(classes.min() ?? 0), \(classes.max() ?? 0)] were found",
          else: (.poison, .poison))
      }
      let output = logProbabilities(x, classes)
      return (target.rank == 0 ? output.squeeze(0) : output, -output.mean())
    }
  }

  /// Of one class for each example. Each cluster computes its own examples only.
  private func logProbabilities(_ x: Tensor, _ classes: [Int]) -> Tensor {
    var heads = classes
    var result = Tensor.zeros([classes.count], dtype: x.dtype)
    for i in tail.indices {
      let rows = classes.indices.filter {
        cutoffs[i] <= classes[$0] && classes[$0] < cutoffs[i + 1]
      }
      if rows.isEmpty { continue }
      for row in rows { heads[row] = cutoffs[0] + i }
      let index = Tensor(rows, shape: [rows.count], dtype: .int64)
      let relative = Tensor(
        rows.map { classes[$0] - cutoffs[i] }, shape: [rows.count, 1], dtype: .int64)
      let local = tail[i](x.indexSelect(dim: 0, index: index)).logSoftmax(dim: 1)
        .gather(dim: 1, index: relative).squeeze(1)
      result = result.indexAdd(dim: 0, index: index, source: local)
    }
    let index = Tensor(heads, shape: [heads.count, 1], dtype: .int64)
    return result + head(x).logSoftmax(dim: 1).gather(dim: 1, index: index).squeeze(1)
  }

  /// The log probabilities of all classes [N, classes] for inputs [N, in].
  public func logProb(_ input: Tensor) -> Tensor {
    scoped {
      let heads = head(input).logSoftmax(dim: 1)
      let shortlist = heads.narrow(dim: 1, start: 0, length: cutoffs[0])
      let clusters = tail.indices.map { i in
        tail[i](input).logSoftmax(dim: 1) + heads.narrow(dim: 1, start: cutoffs[0] + i, length: 1)
      }
      return Tensor.cat([shortlist] + clusters, dim: 1)
    }
  }

  /// The most probable class [N] of each input [N, in].
  public func predict(_ input: Tensor) -> Tensor { logProb(input).argmax(dim: 1) }
}

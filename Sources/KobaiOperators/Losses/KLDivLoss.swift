import KobaiTensor

/// How `klDiv` reduces: as other losses, or by the first dimension's size.
public enum DivergenceReduction: String, Sendable, CaseIterable {
  case none, mean, sum
  /// The sum divided by the size of the first dimension, as the divergence is defined.
  case batchMean = "batchmean"
}

/// The Kullback-Leibler divergence t · (log t − x) of each log probability x and probability t.
///
///     klDiv(Tensor([[0.5, 0.5]]).log(), Tensor([[1.0, 0.0]]), reduction: .sum)   // tensor(0.6931)
///
/// - Parameters:
///   - target: probabilities; where it is 0, the result is. With `logTarget`, their logarithms.
///   - reduction: `.mean` divides by the number of elements, `.batchMean` by the first dimension's size.
public func klDiv(
  _ input: Tensor, _ target: Tensor, reduction: DivergenceReduction = .mean, logTarget: Bool = false
) -> Tensor {
  guard let operands = LossOperands("klDiv", input, target) else { return .poison }
  let (x, t) = (operands.x, operands.y)
  let elements = logTarget ? t.exp() * (t - x) : t.xlogy(t) - t * x
  switch reduction {
  case .none: return elements
  case .mean: return elements.mean()
  case .sum: return elements.sum()
  case .batchMean:
    return elements.sum() / Double(input.shape.first ?? 1)
  }
}

extension Operation {
  static let klDiv = Operation(
    "klDiv", .loss,
    samples: [
      Sample(.uniform(-2...0), .uniform(0.1...1)) { KobaiOperators.klDiv($0[0], $0[1]) },
      Sample(.uniform(-2...0), .uniform(-2...0)) {
        KobaiOperators.klDiv($0[0], $0[1], reduction: .batchMean, logTarget: true)
      },
      Sample(.uniform(-2...0), .uniform(0.1...1, [3])) {
        KobaiOperators.klDiv($0[0], $0[1], reduction: .none)
      },
    ])
}

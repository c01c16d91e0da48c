import KobaiTensor

/// The cross entropy between targets and the softmax of logits.
///
///     crossEntropy(Tensor([[2.0, 0.0]]), Tensor([0]))             // tensor(0.1269)
///     crossEntropy(Tensor([[2.0, 0.0]]), Tensor([[0.5, 0.5]]))    // tensor(1.1269)
///
/// - Parameters:
///   - logits: [N, C, ...], or [C].
///   - targets: classes [N, ...] (or []), int64 or uint8; or a probability for each class, in the shape
///     and dtype of the logits.
///   - weight: [C], a factor for each class. The mean over classes divides by the targets' weights, that
///     over probabilities by their number.
///   - ignoreIndex: a class that contributes nothing, neither to the sum nor to what the mean divides by.
///   - labelSmoothing: in 0 ... 1, how much of the target is spread evenly over all classes.
/// - Returns: [N, ...] for `.none`, else a number; NaN for the mean of nothing.
public func crossEntropy(
  _ logits: Tensor, _ targets: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100,
  reduction: LossReduction = .mean, labelSmoothing: Double = 0
) -> Tensor {
  let name = "crossEntropy"
  let (shape, dtype) = (logits.shape, logits.dtype)
  guard (0...1).contains(labelSmoothing) else {
    return misuse(
      "\(name): label_smoothing must be between 0.0 and 1.0. Got: \(labelSmoothing)")
  }
  guard !shape.isEmpty else {
    return misuse("\(name): Expected 1 or more dimensions (got 0)")
  }
  guard dtype.isFloatingPoint else {
    return misuse("\(name): not implemented for \(dtype); convert the logits with .to(.float32)")
  }
  let classDim = shape.count == 1 ? 0 : 1
  // The half types round the logarithms, as PyTorch does, and the loss.
  func logProbabilities() -> Tensor { logits.logSoftmax(dim: classDim).widened }
  func rounded(_ loss: Tensor) -> Tensor { loss.dtype == dtype ? loss : loss.to(dtype) }
  let classes = Double(shape[classDim])
  guard weight == nil || weight?.shape == [shape[classDim]] else {
    return misuse(
      "\(name): weight tensor should be defined either for all \(shape[classDim]) classes or no "
        + "classes but got weight tensor of shape: \(weight?.shape ?? [])")
  }
  /// [C] beside the logits.
  func alongClasses(_ weight: Tensor) -> Tensor {
    weight.widened.reshape([shape[classDim]] + shape.dropFirst(classDim + 1).map { _ in 1 })
  }

  if targets.shape == shape {
    guard targets.dtype.isFloatingPoint else {
      return misuse(
        "\(name): Expected floating point type for target with class probabilities, "
          + "got \(targets.dtype); convert with .to(.\(dtype)), or give classes of shape [N, ...]")
    }
    guard ignoreIndex < 0 else {
      return misuse("\(name): ignore_index is not supported for floating point target")
    }
    var spread = targets.widened
    if labelSmoothing > 0 {
      spread = spread * (1 - labelSmoothing) + labelSmoothing / classes
    }
    var elements = logProbabilities() * spread
    if let weight { elements = elements * alongClasses(weight) }
    let loss: Tensor
    switch reduction {
    case .none: loss = -elements.sum(dim: classDim)
    case .sum: loss = -elements.sum()
    case .mean: loss = -elements.sum() / (Double(shape.reduce(1, *)) / classes)
    }
    return rounded(loss)
  }

  guard let targets = ClassTargets(name, logits, targets, weight, ignoreIndex) else {
    return .poison
  }
  if classDim == shape.count - 1, classes > 0, dtype == .float32 || dtype == .float64 {
    return targets.crossEntropy(logits, weight, reduction, labelSmoothing)
  }
  let logProbabilities = logProbabilities()
  let loss = targets.negativeLogLikelihood(logProbabilities, reduction)
  guard labelSmoothing > 0 else { return rounded(loss) }
  let weighted = weight.map { logProbabilities * alongClasses($0) } ?? logProbabilities
  let elements = targets.masked(-weighted.sum(dim: classDim))
  let smooth: Tensor
  switch reduction {
  case .none: smooth = elements
  case .sum: smooth = elements.sum()
  case .mean: smooth = elements.sum() / targets.divisor(elements.dtype)
  }
  return rounded(loss * (1 - labelSmoothing) + smooth * (labelSmoothing / classes))
}

extension ClassTargets {
  /// By one kernel, for classes along the last dimension.
  fileprivate func crossEntropy(
    _ logits: Tensor, _ weight: Tensor?, _ reduction: LossReduction, _ labelSmoothing: Double
  ) -> Tensor {
    let rows = logits.rank == 1 ? logits.unsqueeze(0) : logits
    let primitive = Primitives.CrossEntropy(
      ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing, hasWeight: weight != nil)
    let inputs = [rows, classes.reshape([rows.size(0)])] + (weight.map { [$0] } ?? [])
    let losses = bind(primitive, inputs)[0]
    switch reduction {
    case .none: return logits.rank == 1 ? losses.reshape([]) : losses
    case .sum: return losses.sum()
    case .mean: return losses.sum() / divisor(losses.dtype)
    }
  }
}

extension Operation {
  static let crossEntropy = Operation(
    "crossEntropy", .loss, primitives: [Primitives.CrossEntropy.self],
    samples: [
      Sample(.uniform(-2...2, [4, 3]), .integers(0..<3, [4])) {
        KobaiOperators.crossEntropy($0[0], $0[1])
      },
      Sample(
        .uniform(-2...2, [2, 3, 2]), .integers(0..<3, [2, 2]), .uniform(0.5...2, [3])
      ) {
        KobaiOperators.crossEntropy(
          $0[0], $0[1], weight: $0[2], ignoreIndex: 1, reduction: .none, labelSmoothing: 0.1)
      },
      Sample(.uniform(-2...2, [4, 3]), .integers(0..<3, [4]), .uniform(0.5...2, [3])) {
        KobaiOperators.crossEntropy($0[0], $0[1], weight: $0[2], labelSmoothing: 0.3)
      },
      Sample(.uniform(-2...2, [3]), .integers(0..<3, [])) {
        KobaiOperators.crossEntropy($0[0], $0[1], reduction: .sum)
      },
      Sample(.uniform(-2...2, [2, 3]), .uniform(0...1, [2, 3]), .uniform(0.5...2, [3])) {
        KobaiOperators.crossEntropy($0[0], $0[1], weight: $0[2], labelSmoothing: 0.2)
      },
      Sample(.uniform(-2...2, [3]), .uniform(0...1, [3])) {
        KobaiOperators.crossEntropy($0[0], $0[1], reduction: .none)
      },
      Sample(.uniform(-2...2, [0, 3]), .integers(0..<1, [0])) {
        KobaiOperators.crossEntropy($0[0], $0[1], reduction: .sum)
      },
    ])
}

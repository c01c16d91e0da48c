import KobaiTensor

/// log(1 + exp(−t · x)) of each score and class t = ±1.
public func softMarginLoss(_ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean)
  -> Tensor
{
  (-target * input).exp().log1p().reduced(reduction)
}

/// The binary cross entropy of several labels, averaged over the classes.
///
/// - Parameters:
///   - input: logits, the classes along the last dimension.
///   - target: 0 or 1, of the same shape.
///   - weight: [C], a factor for each class.
public func multilabelSoftMarginLoss(
  _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  guard input.rank >= 1, input.shape == target.shape else {
    return misuse(
      "multilabelSoftMarginLoss: input and target must have the same shape with at least one dimension, "
        + "but they are \(input.shape) and \(target.shape)")
  }
  var elements = target * input.logSigmoid() + (1 - target) * (-input).logSigmoid()
  if let weight { elements = elements * weight }
  return (-elements).mean(dim: -1).reduced(reduction)
}

/// Σ max(0, margin − x_t + x_j)ᵖ / C over the classes j other than the target's.
///
///     multiMarginLoss(Tensor([[0.1, 0.2, 0.4, 0.8]]), Tensor([3]))   // tensor(0.3250)
///
/// - Parameters:
///   - input: scores [N, C] or [C].
///   - target: classes [N] or [], int64.
///   - p: 1 or 2.
///   - weight: [C], a factor for each target's class.
public func multiMarginLoss(
  _ input: Tensor, _ target: Tensor, p: Int = 1, margin: Double = 1, weight: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  let name = "multiMarginLoss"
  guard p == 1 || p == 2 else {
    return misuse("\(name): only p == 1 and p == 2 supported, but p is \(p)")
  }
  guard input.rank == 1 || input.rank == 2, input.size(-1) > 0 else {
    return misuse(
      "\(name): Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
        + "\(input.shape)")
  }
  let x = input.rank == 1 ? input.unsqueeze(0) : input
  let (batch, classes) = (x.size(0), x.size(1))
  guard target.rank <= 1, target.count == batch else {
    return misuse(
      "\(name): target tensor should be 1-D with size equal to the number of input samples "
        + "(batch size). Expected target size [\(batch)], but got \(target.shape). Input has shape "
        + "\(input.shape)")
  }
  guard weight == nil || weight?.shape == [classes] else {
    return misuse(
      "\(name): inconsistent weight size, expected [\(classes)] but got \(weight?.shape ?? [])")
  }
  let indices = target.reshape([batch, 1]).to(.int64)
  let distances = (margin - x.gather(dim: 1, index: indices) + x).relu()
  var elements = p == 1 ? distances : distances * distances
  if let weight { elements = elements * weight.take(indices) }
  let isTarget = Tensor.arange(classes).eq(indices)
  let each = elements.maskedFill(isTarget, 0).sum(dim: 1) / Double(classes)
  return (input.rank == 1 && reduction == .none ? each.squeeze(0) : each).reduced(reduction)
}

/// Σ max(0, 1 − x_j + x_i) / C over the target classes j and the other classes i.
///
///     multilabelMarginLoss(Tensor([[0.1, 0.2, 0.4, 0.8]]), Tensor([[3, 0, -1, 1]]))   // tensor(0.8500)
///
/// - Parameters:
///   - input: scores [N, C] or [C].
///   - target: of the same shape, int64: the classes of each example, ended by −1 if they are fewer than C.
public func multilabelMarginLoss(
  _ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  guard input.rank == 1 || input.rank == 2, input.shape == target.shape, input.size(-1) > 0 else {
    return misuse(
      "multilabelMarginLoss: input and target must be of the same size with one or two dimensions, but "
        + "their shapes are \(input.shape) and \(target.shape)")
  }
  let classes = input.size(-1)
  let isGiven = target.lt(0).to(.int64).cumsum(dim: -1).eq(0)
  let indices = target.to(.int64).maskedFill(isGiven.logicalNot(), 0)
  let isTarget = Tensor.zeros(target.shape, dtype: .int64)
    .scatterAdd(dim: -1, index: indices, src: isGiven.to(.int64)).gt(0)
  let targets = input.gather(dim: -1, index: indices)
  let distances = (1 - targets.unsqueeze(-1) + input.unsqueeze(-2)).relu()
  let counts = isGiven.unsqueeze(-1).logicalAnd(isTarget.logicalNot().unsqueeze(-2))
  let elements = distances.maskedFill(counts.logicalNot(), 0).sum(dims: [-2, -1])
  return (elements / Double(classes)).reduced(reduction)
}

/// The cross entropy of logits that a linear layer makes.
///
/// - Parameters:
///   - input: [N, in] or [in].
///   - linearWeight: [C, in], or [C, d₁, …, in] for logits [N, C, d₁, …].
///   - target: as for `crossEntropy`.
///   - linearBias: [C] or [C, d₁, …].
///   - ignoreIndex: a class that contributes nothing; not for targets that are probabilities.
public func linearCrossEntropy(
  _ input: Tensor, linearWeight: Tensor, _ target: Tensor, linearBias: Tensor? = nil,
  weight: Tensor? = nil, reduction: LossReduction = .mean, ignoreIndex: Int? = nil,
  labelSmoothing: Double = 0
) -> Tensor {
  func refuse(_ fault: String) -> Tensor { misuse("linearCrossEntropy: \(fault)") }
  guard input.rank == 1 || input.rank == 2 else {
    return refuse("expected input with dimensionality 1 or 2, got \(input.rank)")
  }
  guard linearWeight.rank >= 2 else {
    return refuse("expected linear_weight with dimensionality at least 2, got \(linearWeight.rank)")
  }
  guard input.size(-1) == linearWeight.size(-1) else {
    return refuse(
      "expected equal input and linear_weight last dimensions (in_features), got \(input.size(-1)) and "
        + "\(linearWeight.size(-1)), respectively")
  }
  let logitsShape = Array(linearWeight.shape.dropLast())
  guard linearBias == nil || linearBias?.shape == logitsShape else {
    return refuse("expected linear_bias shape \(logitsShape), got \(linearBias?.shape ?? [])")
  }
  guard logitsShape.count == 1 || input.rank == 2 else {
    return refuse(
      "K-dimensional loss defined by linear_weight shape \(linearWeight.shape) requires batched input, "
        + "got unbatched input with shape \(input.shape)")
  }
  let shape = Array(input.shape.dropLast()) + logitsShape
  guard ignoreIndex == nil || target.shape != shape else {
    return refuse("ignore_index cannot be specified when target contains probabilities")
  }
  let logits = linear(
    input, weight: linearWeight.reshape([-1, input.size(-1)]), bias: linearBias?.reshape([-1]))
  return crossEntropy(
    logits.reshape(shape), target, weight: weight, ignoreIndex: ignoreIndex ?? -100,
    reduction: reduction, labelSmoothing: labelSmoothing)
}

extension Operation {
  static let softMarginLoss = Operation(
    "softMarginLoss", .loss,
    samples: [
      Sample(.uniform(), .uniform(-2...2)) { KobaiOperators.softMarginLoss($0[0], $0[1]) }
    ])

  static let multilabelSoftMarginLoss = Operation(
    "multilabelSoftMarginLoss", .loss,
    samples: [
      Sample(.uniform(), .uniform(0...1), .uniform(0.5...2, [3])) {
        KobaiOperators.multilabelSoftMarginLoss($0[0], $0[1], weight: $0[2])
      }
    ])

  static let multiMarginLoss = Operation(
    "multiMarginLoss", .loss,
    samples: [
      Sample(.distinct([2, 3]), .integers(0..<3, [2]), .uniform(0.5...2, [3])) {
        KobaiOperators.multiMarginLoss($0[0], $0[1], margin: 0.9, weight: $0[2], reduction: .none)
      },
      Sample(.distinct([3]), .integers(0..<3, [])) {
        KobaiOperators.multiMarginLoss($0[0], $0[1], p: 2)
      },
    ])

  static let multilabelMarginLoss = Operation(
    "multilabelMarginLoss", .loss,
    samples: [
      Sample(.distinct([2, 3], step: 0.2)) {
        let target = Tensor([[2, 0, -1], [1, -1, 0]])
        return KobaiOperators.multilabelMarginLoss($0[0], target)
      }
    ])

  static let linearCrossEntropy = Operation(
    "linearCrossEntropy", .loss,
    samples: [
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [4, 3]), .integers(0..<4, [2])) {
        KobaiOperators.linearCrossEntropy($0[0], linearWeight: $0[1], $0[2], labelSmoothing: 0.1)
      }
    ])
}

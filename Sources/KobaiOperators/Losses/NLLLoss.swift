import KobaiTensor

/// Minus the element of each target's class: the negative log likelihood of log probabilities.
///
///     nllLoss(Tensor([[-0.5, -1.0]]), Tensor([1]))   // tensor(1.)
///
/// - Parameters:
///   - input: [N, C, ...], or [C].
///   - target: [N, ...], or []; classes, int64 or uint8.
///   - weight: [C], a factor for each class. The mean divides by the sum of the targets' weights.
///   - ignoreIndex: a target that contributes nothing, neither to the sum nor to what the mean divides by.
/// - Returns: [N, ...] for `.none`, else a number; NaN for the mean of nothing.
public func nllLoss(
  _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100,
  reduction: LossReduction = .mean
) -> Tensor {
  guard let classes = ClassTargets("nllLoss", input, target, weight, ignoreIndex) else {
    return .poison
  }
  return classes.negativeLogLikelihood(input, reduction)
}

/// Targets that are classes, checked, with what is ignored and their weights.
struct ClassTargets {
  let name: String
  /// int64, as they were given.
  let classes: Tensor
  let ignoreIndex: Int
  /// int64; 0 where ignored.
  let indices: Tensor
  /// bool; nil: none is ignored.
  let isIgnored: Tensor?
  /// The weight of each target's class, 0 where ignored.
  let weights: Tensor?
  /// Of the input.
  let classDim: Int

  /// nil after a misuse.
  init?(
    _ name: String, _ input: Tensor, _ target: Tensor, _ weight: Tensor?, _ ignoreIndex: Int
  ) {
    func refuse(_ message: String) { misuse("\(name): \(message)", else: ()) }
    let (shape, targets) = (input.shape, target.shape)
    guard !shape.isEmpty else {
      refuse("Expected 1 or more dimensions (got 0)")
      return nil
    }
    guard input.dtype.isFloatingPoint else {
      refuse("not implemented for \(input.dtype); convert the input with .to(.float32)")
      return nil
    }
    guard target.dtype == .int64 || target.dtype == .uint8 else {
      refuse("expected target dtype to be int64 (Long) or uint8 (Byte), but got \(target.dtype)")
      return nil
    }
    let isSingle = shape.count == 1
    guard isSingle || targets.first == shape[0] else {
      refuse(
        "Expected input batch_size (\(shape[0])) to match target batch_size "
          + "(\(targets.first.map(String.init) ?? "none")); the shapes are \(shape) and \(targets)")
      return nil
    }
    let expected = isSingle ? [] : [shape[0]] + shape.dropFirst(2)
    guard targets == expected else {
      refuse("Expected target size \(expected), got \(targets), for an input of shape \(shape)")
      return nil
    }
    classDim = isSingle ? 0 : 1
    let count = shape[classDim]
    guard weight == nil || weight?.dtype == input.dtype else {
      refuse(
        "expected scalar type \(input.dtype) but found \(weight?.dtype ?? input.dtype): the weight must "
          + "have the dtype of the input")
      return nil
    }
    guard weight == nil || weight?.shape == [count] else {
      refuse(
        "weight tensor should be defined either for all \(count) classes or no classes but got weight "
          + "tensor of shape: \(weight?.shape ?? [])")
      return nil
    }
    // Known targets tell at once whether any is ignored; while they are traced, all may be.
    var mayIgnore = true
    if target.current.value.meta.isPlain {
      mayIgnore = false
      for index in target.array(as: Int.self) {
        if index == ignoreIndex {
          mayIgnore = true
        } else if index < 0 || index >= count {
          refuse("Target \(index) is out of bounds.")
          return nil
        }
      }
    }
    self.name = name
    let all = target.to(.int64)
    classes = all
    self.ignoreIndex = ignoreIndex
    if mayIgnore {
      let ignored = all.eq(ignoreIndex)
      isIgnored = ignored
      indices = Tensor.where(ignored, Tensor.zeros(like: all), all)
    } else {
      isIgnored = nil
      indices = all
    }
    if let weight {
      let each = weight.widened.indexSelect(dim: 0, index: indices.reshape([-1])).reshape(targets)
      weights = isIgnored.map { Tensor.where($0, Tensor.zeros(like: each), each) } ?? each
    } else {
      weights = nil
    }
  }

  /// What a mean divides by.
  func divisor(_ dtype: DType) -> Tensor {
    if let weights { return weights.to(dtype).sum() }
    guard let isIgnored else { return Tensor(Double(indices.count), dtype: dtype) }
    return isIgnored.logicalNot().sum().to(dtype)
  }

  /// 0 where ignored.
  func masked(_ elements: Tensor) -> Tensor {
    isIgnored.map { Tensor.where($0, Tensor.zeros(like: elements), elements) } ?? elements
  }

  func negativeLogLikelihood(_ x: Tensor, _ reduction: LossReduction) -> Tensor {
    let chosen = x.gather(dim: classDim, index: indices.unsqueeze(classDim)).squeeze(dim: classDim)
    let loss = masked(weights.map { -chosen * $0.to(x.dtype) } ?? -chosen)
    switch reduction {
    case .none: return loss
    case .sum: return loss.sum()
    case .mean: return loss.sum() / divisor(loss.dtype)
    }
  }
}

extension Operation {
  static let nllLoss = Operation(
    "nllLoss", .loss,
    samples: [
      Sample(.uniform(-2...2, [4, 3]), .integers(0..<3, [4])) {
        KobaiOperators.nllLoss($0[0], $0[1])
      },
      Sample(
        .uniform(-2...2, [2, 3, 2]), .integers(0..<3, [2, 2]), .uniform(0.5...2, [3])
      ) {
        KobaiOperators.nllLoss($0[0], $0[1], weight: $0[2], ignoreIndex: 1, reduction: .none)
      },
      Sample(.uniform(-2...2, [3]), .integers(0..<3, [])) {
        KobaiOperators.nllLoss($0[0], $0[1], reduction: .sum)
      },
    ])
}

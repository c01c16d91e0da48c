import KobaiTensor

/// max(0, −t · (x₁ − x₂) + margin): whether the first is ranked higher (t = 1) or lower (t = −1).
public func marginRankingLoss(
  _ input1: Tensor, _ input2: Tensor, _ target: Tensor, margin: Double = 0,
  reduction: LossReduction = .mean
) -> Tensor {
  let elements = (-target * (input1 - input2) + margin).clampMin(0)
  return elements.reduced(reduction)
}

/// x where t = 1, max(0, margin − x) where t = −1.
public func hingeEmbeddingLoss(
  _ input: Tensor, _ target: Tensor, margin: Double = 1, reduction: LossReduction = .mean
) -> Tensor {
  let (x, t) = (input, target)
  let zero = Tensor.zeros(like: x)
  let far = Tensor.where(t.ne(1), (margin - x).clampMin(0), zero)
  let near = Tensor.where(t.ne(-1), x, zero)
  let elements = far + near
  return elements.reduced(reduction)
}

/// 1 − cos(x₁, x₂) where t = 1, max(0, cos(x₁, x₂) − margin) where t = −1.
///
/// - Parameters:
///   - input1, input2: [N, D] or [D].
///   - target: [N] or [].
public func cosineEmbeddingLoss(
  _ input1: Tensor, _ input2: Tensor, _ target: Tensor, margin: Double = 0,
  reduction: LossReduction = .mean
) -> Tensor {
  let rank = target.rank
  guard rank <= 1, input1.rank == rank + 1, input2.rank == rank + 1 else {
    return misuse(
      "cosineEmbeddingLoss: \(rank)D target tensor expects \(rank + 1)D input tensors, but found "
        + "inputs with sizes \(input1.shape) and \(input2.shape)")
  }
  let (x, y) = (input1, input2)
  let epsilon = 1e-12
  func dots(_ a: Tensor, _ b: Tensor) -> Tensor { (a * b).sum(dim: -1) }
  let cosine = dots(x, y) / ((dots(x, x) + epsilon) * (dots(y, y) + epsilon)).sqrt()
  let zero = Tensor.zeros(like: cosine)
  let elements =
    Tensor.where(target.eq(1), 1 - cosine, zero)
    + Tensor.where(target.eq(-1), (cosine - margin).clampMin(0), zero)
  return elements.reduced(reduction)
}

/// max(0, d(a, p) − d(a, n) + margin), where d is `pairwiseDistance`.
///
/// - Parameter swap: takes d(p, n) for d(a, n) where it is smaller.
public func tripletMarginLoss(
  _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, margin: Double = 1, p: Double = 2,
  eps: Double = 1e-6, swap: Bool = false, reduction: LossReduction = .mean
) -> Tensor {
  let (a, b, c) = (anchor, positive, negative)
  guard margin > 0 else {
    return misuse("tripletMarginLoss: margin must be greater than 0, got \(margin)")
  }
  guard a.rank == b.rank && a.rank == c.rank else {
    return misuse(
      "tripletMarginLoss: The anchor, positive, and negative tensors are expected to have the same "
        + "number of dimensions, but got: anchor \(a.rank)D, positive \(b.rank)D, and negative "
        + "\(c.rank)D inputs")
  }
  let near = a.pairwiseDistance(b, p: p, eps: eps)
  var far = a.pairwiseDistance(c, p: p, eps: eps)
  if swap { far = far.minimum(b.pairwiseDistance(c, p: p, eps: eps)) }
  let elements = (margin + near - far).clampMin(0)
  return elements.reduced(reduction)
}

extension Operation {
  static let marginRankingLoss = Operation(
    "marginRankingLoss", .loss,
    samples: [
      Sample(.distinct([4]), .uniform(-0.1...0.1, [4]), .values([1, -1, 1, -1], [4])) {
        KobaiOperators.marginRankingLoss($0[0], $0[1], $0[2].sign(), margin: 0.2)
      }
    ])

  static let hingeEmbeddingLoss = Operation(
    "hingeEmbeddingLoss", .loss,
    samples: [
      Sample(.distinct([4])) {
        KobaiOperators.hingeEmbeddingLoss($0[0], Tensor([1.0, -1, 1, -1]), reduction: .none)
      }
    ])

  static let cosineEmbeddingLoss = Operation(
    "cosineEmbeddingLoss", .loss,
    samples: [
      Sample(.uniform(), .uniform()) {
        KobaiOperators.cosineEmbeddingLoss($0[0], $0[1], Tensor([1, -1]), margin: -2)
      }
    ])

  static let tripletMarginLoss = Operation(
    "tripletMarginLoss", .loss,
    samples: [
      Sample(.uniform(), .uniform(), .uniform()) {
        KobaiOperators.tripletMarginLoss($0[0], $0[1], $0[2], margin: 5)
      },
      Sample(.uniform(), .uniform(), .uniform()) {
        KobaiOperators.tripletMarginLoss(
          $0[0], $0[1], $0[2], margin: 5, p: 3, swap: true, reduction: .none)
      },
    ])
}

import KobaiTensor

extension Tensor {
  /// The norm of the difference over the last dimension: ‖x − y + eps‖.
  ///
  ///     Tensor([0.0, 0.0]).pairwiseDistance(Tensor([3.0, 4.0]))   // tensor(5.0000)
  ///
  /// - Parameters:
  ///   - p: the norm's degree.
  ///   - eps: added to each difference.
  public func pairwiseDistance(
    _ y: Tensor, p: Double = 2, eps: Double = 1e-6, keepDim: Bool = false
  ) -> Tensor {
    (self - y + eps).norm(p, dim: -1, keepDim: keepDim)
  }

  /// x · y / (‖x‖ ‖y‖) along a dimension; norms are at least `eps`.
  ///
  ///     Tensor([1.0, 0.0]).cosineSimilarity(Tensor([1.0, 1.0]), dim: 0)   // tensor(0.7071)
  public func cosineSimilarity(_ y: Tensor, dim: Int = 1, eps: Double = 1e-8) -> Tensor {
    guard let operands = Operands.prepare("cosineSimilarity", .standard, [self, y]) else {
      return .poison
    }
    guard operands[0].dtype.isDifferentiable else {
      return misuse(
        "cosineSimilarity: expected common dtype to be floating point, yet common dtype is "
          + "\(operands[0].dtype); convert with .to(.float32)")
    }
    guard Operands.dimension("cosineSimilarity", dim, rank: operands[0].rank) != nil else {
      return .poison
    }
    let units = operands.map { x -> Tensor in
      let norm = x.norm(dim: dim, keepDim: true)
      // The bound holds for the value only, as in PyTorch.
      return x / (norm + (norm.clampMin(eps) - norm).detach())
    }
    return (units[0] * units[1]).sum(dim: dim)
  }

  /// Each vector along a dimension divided by its norm, which is taken as at least `eps`.
  ///
  ///     Tensor([[3.0, 4.0]]).normalize()   // tensor([[0.6000, 0.8000]])
  public func normalize(p: Double = 2, dim: Int = 1, eps: Double = 1e-12) -> Tensor {
    self / norm(p, dim: dim, keepDim: true).clampMin(eps)
  }
}

extension Operation {
  static let pairwiseDistance = Operation(
    "pairwiseDistance", .composed,
    samples: [
      Sample(.uniform(), .uniform()) { $0[0].pairwiseDistance($0[1]) },
      Sample(.uniform(), .uniform(-2...2, [3])) {
        $0[0].pairwiseDistance($0[1], p: 3, keepDim: true)
      },
    ])

  static let cosineSimilarity = Operation(
    "cosineSimilarity", .composed,
    samples: [
      Sample(.uniform(), .uniform()) { $0[0].cosineSimilarity($0[1]) },
      Sample(.uniform(-2...2, [2, 3, 2]), .uniform(-2...2, [3, 2])) {
        $0[0].cosineSimilarity($0[1], dim: -2)
      },
    ])

  static let normalize = Operation(
    "normalize", .composed,
    samples: [
      Sample(.uniform()) { $0[0].normalize() },
      Sample(.uniform()) { $0[0].normalize(p: 3, dim: 0) },
      Sample(.uniform(-2...2, [0, 3])) { $0[0].normalize() },
    ])
}

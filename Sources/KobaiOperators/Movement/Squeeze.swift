import KobaiTensor

extension Tensor {
  /// Without the dimensions of size 1.
  ///
  ///     Tensor.zeros([1, 3, 1]).squeeze().shape   // [3]
  public func squeeze() -> Tensor { reshape(shape.filter { $0 != 1 }) }

  /// Without one dimension, if its size is 1; the tensor itself otherwise.
  public func squeeze(_ dim: Int) -> Tensor { squeeze(dims: [dim]) }
  /// Without one dimension, if its size is 1; the tensor itself otherwise.
  public func squeeze(dim: Int) -> Tensor { squeeze(dims: [dim]) }

  /// Without those of the given dimensions whose size is 1.
  ///
  ///     Tensor.zeros([1, 3, 1]).squeeze(dims: [0, 1]).shape   // [3, 1]
  public func squeeze(dims: [Int]) -> Tensor {
    let shape = shape
    if dims.isEmpty { return self }
    guard let all = Operands.dimensions("squeeze", dims, rank: shape.count) else { return .poison }
    return reshape(
      shape.indices.filter { shape[$0] != 1 || !all.contains($0) }.map { shape[$0] })
  }

  /// With a new dimension of size 1 at the given place of the result.
  ///
  ///     Tensor([1, 2]).unsqueeze(-1)   // tensor([[1], [2]])
  public func unsqueeze(_ dim: Int) -> Tensor {
    var shape = shape
    guard let d = Operands.dimension("unsqueeze", dim, rank: shape.count + 1) else {
      return .poison
    }
    shape.insert(1, at: d)
    return reshape(shape)
  }
  /// With a new dimension of size 1 at the given place of the result.
  public func unsqueeze(dim: Int) -> Tensor { unsqueeze(dim) }

  /// With at least one dimension.
  public func atLeast1d() -> Tensor { rank == 0 ? reshape([1]) : self }
  /// With at least two dimensions; a vector becomes a row.
  public func atLeast2d() -> Tensor { rank < 2 ? reshape([1, count]) : self }
  /// With at least three dimensions; a vector lies along the second, a matrix along the first two.
  public func atLeast3d() -> Tensor {
    switch rank {
    case 0, 1: reshape([1, count, 1])
    case 2: unsqueeze(2)
    default: self
    }
  }
}

extension Operation {
  static let squeeze = Operation(
    "squeeze", .movement,
    samples: [
      Sample(.uniform(-2...2, [1, 3, 1])) { $0[0].squeeze() },
      Sample(.uniform(-2...2, [1, 3, 1])) { $0[0].squeeze(-1) },
      Sample(.uniform(-2...2, [1, 3, 1])) { $0[0].squeeze(dims: [0, 1]) },
      Sample(.uniform(-2...2, [])) { $0[0].squeeze(dim: 0) },
    ])
  static let unsqueeze = Operation(
    "unsqueeze", .movement,
    samples: [
      Sample(.uniform()) { $0[0].unsqueeze(1) },
      Sample(.uniform()) { $0[0].unsqueeze(-1) },
      Sample(.uniform(-2...2, [])) { $0[0].unsqueeze(dim: 0) },
      Sample(.uniform(-2...2, [3])) { $0[0].atLeast3d() },
      Sample(.uniform(-2...2, [3])) { $0[0].atLeast2d() },
      Sample(.uniform(-2...2, [])) { $0[0].atLeast1d() },
    ])
}

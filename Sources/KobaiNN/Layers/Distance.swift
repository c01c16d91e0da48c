import KobaiOperators
import KobaiTensor

/// The cosine of the angle between two tensors' vectors along a dimension.
///
///     CosineSimilarity()(Tensor([[1.0, 0.0]]), Tensor([[1.0, 1.0]]))   // tensor([0.7071])
public final class CosineSimilarity: Module2 {
  public let dim: Int
  public let eps: Double

  public init(dim: Int = 1, eps: Double = 1e-8) {
    self.dim = dim
    self.eps = eps
    super.init()
  }

  public func forward(_ x: Tensor, _ y: Tensor) -> Tensor {
    x.cosineSimilarity(y, dim: dim, eps: eps)
  }
}

/// The distance between two tensors' vectors along the last dimension, in the norm `p`.
///
///     PairwiseDistance()(Tensor([[0.0, 0.0]]), Tensor([[3.0, 4.0]]))   // tensor([5.0000])
public final class PairwiseDistance: Module2 {
  public let p, eps: Double
  public let keepDim: Bool

  public init(p: Double = 2, eps: Double = 1e-6, keepDim: Bool = false) {
    self.p = p
    self.eps = eps
    self.keepDim = keepDim
    super.init()
  }

  public func forward(_ x: Tensor, _ y: Tensor) -> Tensor {
    x.pairwiseDistance(y, p: p, eps: eps, keepDim: keepDim)
  }
}

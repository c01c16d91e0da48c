import KobaiOperators
import KobaiTensor

/// The cosine of the angle between two tensors' vectors along a dimension.
///
///     CosineSimilarity()(Tensor([[1.0, 0.0]]), Tensor([[1.0, 1.0]]))   // tensor([0.7071])
public final class CosineSimilarity: Module2 {
  /// The dimension along which the vectors lie.
  public let dim: Int
  /// The least norm that is divided by.
  public let eps: Double

  /// - Parameters:
  ///   - dim: the dimension along which the vectors lie; the result is without it.
  ///   - eps: the least norm that is divided by, which keeps zero vectors from giving NaN.
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
  /// The norm's degree, and what is added to each difference.
  public let p, eps: Double
  /// Whether the result keeps the last dimension, with size 1.
  public let keepDim: Bool

  /// - Parameters:
  ///   - p: the norm's degree.
  ///   - eps: is added to each difference, which keeps those of equal vectors from 0.
  ///   - keepDim: whether the result keeps the last dimension, with size 1.
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

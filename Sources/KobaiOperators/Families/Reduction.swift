import KobaiTensor

/// A reduction over some dimensions whose derivative is one weight per element: mean, max, norm …
///
/// The author states the kernel call and the weight; shape, both derivative modes and batching follow.
public protocol Reduction: UnaryPrimitive {
  /// The reduced dimensions, ascending.
  var reduced: [Int] { get }
  /// The shape of the input.
  var source: Shape { get }
  /// The result's dtype for an input dtype.
  func result(of dtype: DType) -> DType
  /// ∂y/∂x of each element (its conjugate for complex numbers), in the shape of x. y has its reduced
  /// dimensions at size 1. `residuals` says what it may read.
  func localDerivative(_ x: Tensor, _ y: Tensor) -> Tensor
  /// The same reduction with another batch dimension in front.
  func shifted(reduced: [Int], source: Shape) -> Self
}

extension Reduction {
  public func result(of dtype: DType) -> DType { dtype }

  public func infer(_ x: TensorType) -> TensorType {
    TensorType(result(of: x.dtype), Reduced.dropping(source, reduced))
  }

  public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    spread(dy) * localDerivative(x, residuals.contains(.output) ? restored(y) : y)
  }

  public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
    let weight = localDerivative(x, residuals.contains(.output) ? restored(y) : y)
    let sum = (dx * weight.conjugatedIfComplex).sum(dims: reduced, dtype: dx.dtype)
    return reduced.isEmpty
      ? (dx * weight.conjugatedIfComplex).to(result(of: dx.dtype)) : sum.to(result(of: dx.dtype))
  }

  public func batch(_ x: Tensor, size: Int) -> Tensor {
    bind(shifted(reduced: reduced.map { $0 + 1 }, source: [size] + source), x)
  }

  /// With the reduced dimensions at size 1.
  func restored(_ y: Tensor) -> Tensor { y.reshape(Reduced.keeping(source, reduced)) }

  /// In the shape of the input.
  func spread(_ dy: Tensor) -> Tensor { restored(dy).broadcast(to: source) }
}

extension Tensor {
  /// A reduction's result with or without its reduced dimensions.
  func keepingDims(_ keepDim: Bool, _ shape: Shape, _ reduced: [Int]) -> Tensor {
    keepDim ? reshape(Reduced.keeping(shape, reduced)) : self
  }
}

import KobaiTensor

/// A linear function of one input: sum, reshape, transpose, slice, gather …
///
/// The author states the shape rule, the kernel call, the transpose and the batch rule. The tangent of
/// the result is the operation itself on the tangent; the cotangent of the input is its transpose.
public protocol LinearOperation: UnaryPrimitive {
  /// The adjoint: ⟨dy, f(x)⟩ = ⟨transpose(dy), x⟩.
  func transpose(_ dy: Tensor) -> Tensor
}

extension LinearOperation {
  @inlinable public var residuals: Residuals { .none }
  @inlinable
  public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { transpose(dy) }
  @inlinable
  public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { bind(self, dx) }
}

/// A function linear in each of two inputs: matrix product, convolution.
///
/// The author states the shape rule, the kernel call, the transpose in each input and the batch rule.
public protocol BilinearOperation: BinaryPrimitive {
  /// The adjoint in x for fixed y. y is already conjugated for complex numbers.
  func transposeX(_ dz: Tensor, _ y: Tensor) -> Tensor
  /// The adjoint in y for fixed x. x is already conjugated for complex numbers.
  func transposeY(_ dz: Tensor, _ x: Tensor) -> Tensor
}

extension BilinearOperation {
  @inlinable public var residualsForX: Residuals { .input(1) }
  @inlinable public var residualsForY: Residuals { .input(0) }
  @inlinable
  public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    transposeX(dz, y.conjugatedIfComplex)
  }
  @inlinable
  public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    transposeY(dz, x.conjugatedIfComplex)
  }
  @inlinable
  public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    bind(self, dx, y)
  }
  @inlinable
  public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    bind(self, x, dy)
  }
  @inlinable
  public func sum(_ a: Tensor, _ b: Tensor) -> Tensor { a + b }
}

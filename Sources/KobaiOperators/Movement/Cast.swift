import CKernels
import KobaiTensor

extension Tensor {
  /// The elements converted to another dtype; the tensor itself if it has that dtype.
  ///
  /// Float to integer truncates, anything nonzero is true, complex to real drops the imaginary part.
  ///
  ///     Tensor([1.7, -1.7]).to(.int64)   // tensor([1, -1])
  public func to(_ dtype: DType) -> Tensor {
    if value.meta.has(Value.Meta.weak) { return Tensor(value.cast(to: dtype)) }
    let source = self.dtype
    if source == dtype { return self }
    return bind(Primitives.Cast(from: source, to: dtype), self)
  }
}

extension Primitives {
  public struct Cast: LinearOperation {
    public static let name = "to"
    public static let gradientName = "ToCopyBackward0"
    let source, target: DType

    init(from source: DType, to target: DType) {
      self.source = source
      self.target = target
    }

    public func infer(_ x: TensorType) -> TensorType { TensorType(target, x.shape) }
    public func evaluate(_ x: Value) -> Value { x.cast(to: target) }
    /// From real to complex the adjoint takes the real part, which the cast back does.
    public func transpose(_ dy: Tensor) -> Tensor { dy.to(source) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { x.to(target) }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      target.isDifferentiable ? dx.to(target) : nil
    }
  }
}

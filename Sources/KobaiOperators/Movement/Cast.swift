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

extension Tensor {
  /// The elements converted to the dtype of another tensor.
  ///
  ///     Tensor([1, 2]).to(Tensor([0.5])).dtype   // float32
  public func to(_ other: Tensor) -> Tensor { to(other.dtype) }

  /// As float32.
  public func float() -> Tensor { to(.float32) }
  /// As float64.
  public func double() -> Tensor { to(.float64) }
  /// As float16.
  public func half() -> Tensor { to(.float16) }
  /// As bfloat16.
  public func bfloat16() -> Tensor { to(.bfloat16) }
  /// As int8.
  public func char() -> Tensor { to(.int8) }
  /// As int16.
  public func short() -> Tensor { to(.int16) }
  /// As int32.
  public func int() -> Tensor { to(.int32) }
  /// As int64.
  public func long() -> Tensor { to(.int64) }
  /// As uint8.
  public func byte() -> Tensor { to(.uint8) }
  /// As bool: whatever is not zero, NaN too, is true.
  public func bool() -> Tensor { to(.bool) }
  /// As complex64.
  public func cfloat() -> Tensor { to(.complex64) }
  /// As complex128.
  public func cdouble() -> Tensor { to(.complex128) }
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
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let (from, to) = (inputs[0].dtype, outputs[0].dtype)
      guard from != to, outputs[0].layout.isContiguous else { return nil }
      let layout = StridedLayout(inputs[0].layout)
      return .kernel(mayReplace: []) { memory in
        kb_cast(
          from.code, to.code, layout.rank, layout.sizes, memory[0], layout.strides, memory[1])
        return true
      }
    }
    /// From real to complex the adjoint takes the real part, which the cast back does.
    public func transpose(_ dy: Tensor) -> Tensor { dy.to(source) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { x.to(target) }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      target.isDifferentiable ? dx.to(target) : nil
    }
  }
}

extension Operation {
  static let to = Operation(
    "to", .movement, primitives: [Primitives.Cast.self],
    samples: [
      Sample(.uniform()) { $0[0].to(.complex128) },
      Sample(.complex()) { $0[0].to(.float64) },
      Sample(.uniform()) { $0[0].long() },
      Sample(.integers(-3..<4, [3])) { $0[0].double() },
      Sample(.uniform(-2...2, []), .integers(0..<2, [2])) { $0[1].to($0[0]) },
      Sample(.special) { $0[0].bool() },
    ])
}

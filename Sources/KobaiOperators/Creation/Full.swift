import CKernels
import KobaiTensor

extension Tensor {
  /// Every element is `value`.
  ///
  ///     Tensor.full([2, 2], 7)   // tensor([[7, 7], [7, 7]])
  ///
  /// - Parameter dtype: the number's own (int64, the default dtype, bool, complex) unless stated.
  public static func full<S: TensorScalar>(
    _ shape: Shape, _ value: S, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, Tensor(weak: value), dtype: dtype, requiresGrad: requiresGrad)
  }

  /// Every element is the one of `value`, a rank-0 tensor that is not differentiated.
  package static func full(
    _ shape: Shape, _ value: Tensor, dtype: DType?, requiresGrad: Bool = false
  ) -> Tensor {
    guard shape.allSatisfy({ $0 >= 0 }) else {
      return misuse("full: sizes must not be negative, but the shape is \(shape)")
    }
    let dtype = dtype ?? value.dtype
    let element = value.to(dtype).value
    var result: Tensor
    if kb_context_flags() & UInt32(KB_CONTEXT_TRACING) != 0 {
      result = bind(Primitives.Full(shape: shape, element: ScalarBits(element)), [])[0]
    } else {
      result = Tensor(Primitives.Full.evaluate(shape, element))
    }
    if requiresGrad { result.requiresGrad = true }
    return result
  }

  /// Every element is 0.
  public static func zeros(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, 0, dtype: dtype ?? .default, requiresGrad: requiresGrad)
  }
  public static func zeros(_ sizes: Int...) -> Tensor { zeros(sizes) }

  /// Every element is 1.
  public static func ones(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, 1, dtype: dtype ?? .default, requiresGrad: requiresGrad)
  }
  public static func ones(_ sizes: Int...) -> Tensor { ones(sizes) }

  /// Zeros of the shape (and, unless stated, the dtype) of another tensor.
  public static func zeros(like other: Tensor, dtype: DType? = nil) -> Tensor {
    full(other.shape, 0, dtype: dtype ?? other.dtype)
  }

  /// Ones of the shape (and, unless stated, the dtype) of another tensor.
  public static func ones(like other: Tensor, dtype: DType? = nil) -> Tensor {
    full(other.shape, 1, dtype: dtype ?? other.dtype)
  }

  /// One number in the shape (and, unless stated, the dtype) of another tensor.
  public static func full<S: TensorScalar>(
    like other: Tensor, _ value: S, dtype: DType? = nil
  ) -> Tensor {
    full(other.shape, value, dtype: dtype ?? other.dtype)
  }
}

/// One element of any dtype as a hashable attribute.
public struct ScalarBits: Hashable, Sendable {
  let dtype: DType
  let low, high: UInt64

  init(_ value: Value) {
    dtype = value.dtype
    (low, high) = value.withElements { pointer, _ in
      value.dtype == .complex128
        ? (pointer.load(as: UInt64.self), pointer.load(fromByteOffset: 8, as: UInt64.self))
        : (value.bits, 0)
    }
  }

  var value: Value {
    guard dtype == .complex128 else { return Value(bits: low, dtype: dtype) }
    return Value.make(.complex128, .scalar) {
      $0.storeBytes(of: low, as: UInt64.self)
      $0.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
    }
  }
}

extension Primitives {
  public struct Full: Primitive {
    public static let name = "full"
    let shape: Shape
    let element: ScalarBits

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [TensorType(element.dtype, shape)] }
    public func evaluate(_ inputs: [Value]) -> [Value] { [Self.evaluate(shape, element.value)] }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] { [] }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      [bind(Full(shape: [size] + shape, element: element), [])[0]]
    }

    static func evaluate(_ shape: Shape, _ element: Value) -> Value {
      if shape.isEmpty { return element }
      return element.withElements { source, _ in
        Value.make(element.dtype, shape) { out in
          kb_fill(element.dtype.size, shape.count, shape, source, out, nil)
        }
      }
    }
  }
}

extension Operation {
  static let full = Operation(
    "full", .creation, primitives: [Primitives.Full.self],
    samples: [
      Sample(.uniform()) { $0[0] * Tensor.full([3], 2.5) },
      Sample(.uniform()) { $0[0] + Tensor.ones(like: $0[0]) },
      Sample(.uniform(-2...2, [])) { $0[0] + Tensor.zeros([0, 2]) },
    ])
}

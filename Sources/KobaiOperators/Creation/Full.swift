import CKernels
import KobaiTensor

extension Tensor {
  /// Every element is `value`.
  ///
  ///     Tensor.full([2, 2], 7)   // tensor([[7, 7], [7, 7]])
  ///
  /// - Parameter dtype: the number's own (int64, the default dtype, bool, complex) unless stated.
  /// - Precondition: the dtype holds the number, but for its fraction and roundings.
  public static func full<S: TensorScalar>(
    _ shape: Shape, _ value: S, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    let number = Tensor(weak: value)
    guard dtype.map({ number.value.fits("full", $0) }) ?? true else { return .poison }
    return full(shape, number, dtype: dtype, requiresGrad: requiresGrad)
  }

  /// Every element is the one of `value`, a rank-0 tensor that is not differentiated.
  package static func full(
    _ shape: Shape, _ value: Tensor, dtype: DType?, requiresGrad: Bool = false
  ) -> Tensor {
    guard checkShape("full", shape) else { return .poison }
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

  /// Whether the sizes are no misuse: not negative, their product an `Int`.
  static func checkShape(_ name: String, _ shape: Shape) -> Bool {
    guard shape.allSatisfy({ $0 >= 0 }) else {
      return misuse(
        "\(name): Dimension size must be non-negative, but the shape is \(shape)", else: false)
    }
    guard shape.elementCount < 1 << 46 else {
      return misuse("\(name): a tensor of shape \(shape) has too many elements", else: false)
    }
    return true
  }

  /// Every element is 0.
  ///
  ///     Tensor.zeros([2, 3])
  ///     Tensor.zeros(3, dtype: .int64)   // tensor([0, 0, 0])
  ///
  /// - Parameter dtype: the default dtype unless stated.
  public static func zeros(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, 0 as Tensor, dtype: dtype ?? .default, requiresGrad: requiresGrad)
  }
  /// Every element is 0.
  public static func zeros(
    _ sizes: Int..., dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor { zeros(sizes, dtype: dtype, requiresGrad: requiresGrad) }

  /// Every element is 1.
  ///
  ///     Tensor.ones([2])   // tensor([1., 1.])
  ///
  /// - Parameter dtype: the default dtype unless stated.
  public static func ones(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, 1 as Tensor, dtype: dtype ?? .default, requiresGrad: requiresGrad)
  }
  /// Every element is 1.
  public static func ones(
    _ sizes: Int..., dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor { ones(sizes, dtype: dtype, requiresGrad: requiresGrad) }

  /// A tensor for results that are written later: zeros, as nothing is gained by leaving them undefined.
  public static func empty(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor { zeros(shape, dtype: dtype, requiresGrad: requiresGrad) }
  /// A tensor for results that are written later: zeros.
  public static func empty(
    _ sizes: Int..., dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor { zeros(sizes, dtype: dtype, requiresGrad: requiresGrad) }
}

extension Value {
  /// Whether a dtype's range holds this number, as PyTorch tests it; a misuse if not. Negative integers may
  /// wrap into uint8, anything may become a bool.
  func fits(_ name: String, _ target: DType) -> Bool {
    guard target != .bool, dtype != .bool else { return true }
    func fits(_ x: Double) -> Bool {
      guard target.isInteger else {
        return !x.isFinite || Swift.abs(x) <= target.greatestFinite
      }
      let limit = target.greatestFinite
      if !dtype.isDifferentiable && target == .uint8 { return Swift.abs(x) <= limit }
      // As doubles, 2⁶³ − 1 and 2⁶³ are one number.
      return x >= (target.isSigned ? -limit - 1 : 0) && (target == .int64 ? x < limit : x <= limit)
    }
    let holds =
      target == .int64 && !dtype.isDifferentiable
      || fits(double) && (target.isComplex ? fits(imaginaryDouble) : imaginaryDouble == 0)
    guard holds else {
      let given =
        imaginaryDouble == 0 ? double.brief : "(\(double.brief), \(imaginaryDouble.brief))"
      return misuse(
        "\(name): \(given): value cannot be converted to type \(target) without overflow; "
          + "choose a wider dtype", else: false)
    }
    return true
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
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let layout = StridedLayout(outputs[0].layout)
      let element = element
      let size = outputs[0].dtype.size
      return .kernel(mayReplace: []) { memory in
        withUnsafeBytes(of: (element.low, element.high)) {
          guard let source = $0.baseAddress else { return false }
          kb_fill(size, layout.rank, layout.sizes, source, memory[0], nil)
          return true
        }
      }
    }
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
      Sample(.uniform()) { $0[0] + Tensor.ones([2, 1], dtype: $0[0].dtype) },
      Sample(.uniform(-2...2, [])) { $0[0] + Tensor.zeros([0, 2]) },
    ])
}

import CKernels

/// An n-dimensional array that can be differentiated.
///
///     let x = Tensor(2.0, requiresGrad: true)
///     let y = x ** 2 + 4 * x + 3
///     y.backward()
///     x.grad                       // Optional(tensor(8.))
///
/// A tensor is a value: no write through one name is ever seen through another, and what an operation
/// has kept for its derivative cannot be changed. The exception is a *live* tensor: a leaf that requires
/// grad, a parameter or a buffer has an identity, its copies name one state.
public struct Tensor: Sendable {
  @usableFromInline var storedValue: Value
  @usableFromInline var storedNode: Node?

  /// A tensor of these elements: what a primitive's `evaluate` reads them with.
  ///
  /// - Parameter node: how the value was computed, for `backward`.
  @inlinable
  public init(_ value: Value, _ node: Node? = nil) {
    storedValue = value
    storedNode = node
  }

  /// The elements and marks, for primitives and transforms.
  public package(set) var value: Value {
    @inlinable get { storedValue }
    _modify { yield &storedValue }
  }

  /// The operation that made this tensor, or the state it names; nil if nothing requires grad.
  public package(set) var node: Node? {
    @inlinable get { storedNode }
    _modify { yield &storedNode }
  }
}

// MARK: - Metadata

extension Tensor {
  /// The state that a live tensor names.
  public var state: State? {
    guard value.meta.has(Value.Meta.live), let node else { return nil }
    return unsafeDowncast(node, to: State.self)
  }

  /// Calls `body` with the state that a live tensor names, without another reference to it: this tensor
  /// holds it meanwhile.
  @inline(__always)
  private func withState<R>(_ body: (State) -> R) -> R? {
    guard value.meta.has(Value.Meta.live),
      let state = unsafeBitCast(storedNode, to: Unmanaged<State>?.self)
    else { return nil }
    return state._withUnsafeGuaranteedRef(body)
  }

  /// The tensor as operations read it: a live tensor's value now, a number in its own dtype.
  public var current: Tensor {
    if value.meta.isPlain { return self }
    if let snapshot = withState({ $0.snapshot }) { return snapshot }
    if value.meta.has(Value.Meta.weak) { return Tensor(value.strengthened) }
    return self
  }

  /// A live tensor's value now; a number stays one.
  @inlinable public var resolved: Tensor {
    value.meta.has(Value.Meta.live) ? current : self
  }

  /// The element type.
  public var dtype: DType {
    if value.meta.isPlain { return value.dtype }
    return withState { $0.dtype } ?? current.value.dtype
  }

  /// Where the elements lie in memory.
  public var layout: Layout {
    if value.meta.isPlain { return value.layout }
    return current.value.layout
  }

  /// The size of each dimension; empty for a single number.
  ///
  ///     Tensor([[1, 2, 3], [4, 5, 6]]).shape   // [2, 3]
  public var shape: Shape { layout.shape }

  /// The step, in elements, between neighbours along each dimension.
  public var strides: [Int] { layout.strides }

  /// The number of dimensions.
  public var rank: Int { layout.rank }
  /// The number of dimensions, as PyTorch calls it.
  public var ndim: Int { layout.rank }
  /// The number of dimensions, as PyTorch calls it.
  public func dim() -> Int { layout.rank }

  /// The number of elements.
  public var count: Int { layout.count }
  /// The number of elements, as PyTorch calls it.
  public func numel() -> Int { layout.count }

  /// The size of one dimension, which may be counted from the end (−1 is the last).
  public func size(_ dim: Int) -> Int {
    let shape = shape
    let i = dim < 0 ? dim + shape.count : dim
    guard shape.indices.contains(i) else {
      return misuse(
        "size: dimension \(dim) is out of range for a tensor of shape \(shape): "
          + "it must lie in \(-shape.count) ..< \(shape.count)", else: 0)
    }
    return shape[i]
  }

  /// Row-major without gaps.
  public var isContiguous: Bool { layout.isContiguous }

  /// Where the elements are.
  public var device: Device { .cpu }

  /// Dtype and shape together.
  public var type: TensorType {
    let now = current.value
    return TensorType(now.dtype, now.shape)
  }

  /// Whether this is the result of a misuse inside `recovering { }`.
  public var isPoisoned: Bool { current.value.meta.has(Value.Meta.poison) }

  /// What a misuse inside `recovering { }` gives.
  public static let poison = Tensor(.poison)

  /// The number 1, of any dtype but complex128.
  package static func one(_ dtype: DType) -> Tensor {
    Tensor(Value(bits: kb_scalar_from_double(dtype.code, 1), dtype: dtype))
  }

  /// What stands for a value that a derivative rule did not declare: reading it is a misuse.
  @inlinable static var notKept: Tensor {
    Tensor(Value(body: nil, bits: 1, meta: Value.Meta(.float32).with(Value.Meta.poison)))
  }

  func poisonMessage(_ operation: String) -> String {
    value.bits == 1
      ? "\(operation): a derivative rule reads a value that its residuals do not declare"
      : "\(operation): its input is the result of an operation that failed inside recovering { }"
  }
}

extension Value {
  /// A number on its own: float literals take the default dtype, integers int64.
  @usableFromInline var strengthened: Value {
    guard meta.has(Meta.weak) else { return self }
    switch dtype {
    case .float64: return cast(to: .default)
    case .complex128: return cast(to: DType.default.complex)
    default: return Value(body: body, bits: bits, meta: Meta(dtype))
    }
  }

  /// The elements in another dtype, contiguous. Marks are dropped.
  public func cast(to target: DType) -> Value {
    let source = dtype
    if source == target { return Value(body: body, bits: bits, meta: Meta(source)) }
    if body == nil && target != .complex128 {
      return Value(
        bits: kb_cast_scalar(source.code, target.code, bits), dtype: target)
    }
    return withElements { pointer, strides in
      Value.make(target, layout.contiguous) { out in
        kb_cast(
          source.code, target.code, layout.rank, layout.shape, pointer, strides, out)
      }
    }
  }
}

// MARK: - Autograd

extension Tensor {
  /// Whether operations on this tensor are recorded.
  public var requiresGrad: Bool {
    get { state?.requiresGrad ?? (node != nil) }
    set { setRequiresGrad(newValue) }
  }

  /// Makes this tensor a leaf that requires grad (or no longer one), and returns it.
  @discardableResult
  public mutating func requiresGrad_(_ requiresGrad: Bool = true) -> Tensor {
    setRequiresGrad(requiresGrad)
    return self
  }

  private mutating func setRequiresGrad(_ wanted: Bool) {
    if let state {
      guard !wanted || state.value.dtype.isDifferentiable else { return Self.refuseGrad(dtype) }
      state.requiresGrad = wanted
      return
    }
    if node != nil {
      guard wanted else {
        return misuse(
          "requiresGrad: you can only change requiresGrad flags of leaf variables; use detach() for "
            + "a tensor without history", else: ())
      }
      return
    }
    guard wanted else { return }
    let now = current.value
    guard now.dtype.isDifferentiable else { return Self.refuseGrad(now.dtype) }
    guard !now.meta.has(Value.Meta.poison) else { return }
    self = State(now, requiresGrad: true).tensor
  }

  private static func refuseGrad(_ dtype: DType) {
    misuse(
      "requiresGrad: Only Tensors of floating point and complex dtype can require gradients, "
        + "but the dtype is \(dtype); convert with .to(.float32)", else: ())
  }

  /// A tensor that names a new state of this value: a parameter, or a buffer when it does not require grad.
  public func asState(requiresGrad: Bool) -> Tensor {
    guard !requiresGrad || dtype.isDifferentiable else {
      Self.refuseGrad(dtype)
      return .poison
    }
    return State(current.value, requiresGrad: requiresGrad).tensor
  }

  /// Not the result of a recorded operation.
  public var isLeaf: Bool { node == nil || value.meta.has(Value.Meta.live) }

  /// The gradient that `backward` has accumulated into this leaf (or, after `retainGrad`, here).
  public var grad: Tensor? {
    get {
      if value.meta.has(Value.Meta.live) { return withState { $0.grad } ?? nil }
      return node?.retainedGrad
    }
    nonmutating set {
      guard let state else {
        if newValue == nil {
          node?.retainedGrad = nil
          return
        }
        return misuse("grad: only a leaf that requires grad has a gradient to set", else: ())
      }
      if let newValue, newValue.shape != shape || newValue.dtype != dtype {
        return misuse(
          "grad: a gradient must have the type of its tensor, \(dtype)\(shape), "
            + "but is \(newValue.dtype)\(newValue.shape)", else: ())
      }
      state.grad = newValue?.current
    }
  }

  /// Forgets the gradient: `grad` is nil afterwards.
  public func zeroGrad() { withState { $0.grad = nil } }

  /// The same value without the edge of reverse mode; what transforms below know of it stays.
  package var withoutEdge: Tensor {
    if let value = withState({ $0.value }) { return Tensor(value) }
    return Tensor(current.value)
  }

  /// The value of a live tensor, without history. Assigning replaces it, for all names of the state.
  ///
  ///     x.data = x.data - 0.1 * x.grad!
  public var data: Tensor {
    get { withoutEdge }
    nonmutating set {
      guard withState({ $0.replace(newValue, operation: "data") }) != nil else {
        return misuse(
          "data: assigning needs a live tensor (a leaf that requires grad, a parameter or a buffer); "
            + "assign to the variable itself instead", else: ())
      }
    }
  }
}

extension State {
  /// Replaces the value by one of the same type; PyTorch's `.data =` accepts other shapes too.
  public func replace(_ tensor: Tensor, operation: String) {
    let new = tensor.current.value
    if new.meta.has(Value.Meta.poison) { return }
    guard new.dtype == dtype else {
      return misuse(
        "\(operation): the new value has dtype \(new.dtype) where the tensor has \(dtype); "
          + "convert with .to(.\(dtype))", else: ())
    }
    value = new
  }
}

/// Runs `body` without recording any operation.
///
///     noGrad { w -= 0.1 * w.grad! }
@discardableResult
public func noGrad<R>(_ body: () throws -> R) rethrows -> R {
  let flags = kb_context_flags()
  kb_context_set_flags(flags | UInt32(KB_CONTEXT_NO_GRAD))
  defer { kb_context_set_flags(flags) }
  return try body()
}

/// Runs `body` with recording on, inside of a `noGrad { }`.
@discardableResult
public func enableGrad<R>(_ body: () throws -> R) rethrows -> R {
  let flags = kb_context_flags()
  kb_context_set_flags(flags & ~UInt32(KB_CONTEXT_NO_GRAD))
  defer { kb_context_set_flags(flags) }
  return try body()
}

/// Whether operations on tensors that require grad are recorded on this thread.
public var isGradEnabled: Bool { kb_context_flags() & UInt32(KB_CONTEXT_NO_GRAD) == 0 }

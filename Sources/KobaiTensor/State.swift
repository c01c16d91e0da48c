import CKernels
import Synchronization

/// A value with an identity: a leaf that requires grad, a parameter, a buffer. Every tensor that names
/// it sees its current value; what an operation kept of an earlier value stays as it was.
///
/// `@unchecked Sendable`: the value and the gradient are read and replaced under `lock`.
public final class State: Node, @unchecked Sendable {
  @exclusivity(unchecked) private var current: Value
  @exclusivity(unchecked) private var gradient: Tensor?
  @exclusivity(unchecked) private var tracks: Bool
  /// The number of the trace inside of which this state was made; 0 outside.
  @exclusivity(unchecked) package final var birth: UInt32 = 0

  /// A state at the level of the transforms that are active on this thread.
  public init(_ value: Value, requiresGrad: Bool) {
    current = value
    tracks = requiresGrad
    super.init(level: Int32(kb_context_depth()), depth: 0)
    if kb_context_flags() & UInt32(KB_CONTEXT_STATES) != 0, let trace = Tracing.states(for: self) {
      birth = trace.number
      trace.made(self)
    }
  }

  /// A leaf of a transform's own at a level. A trace does not ask for its value, but for its gradient if it
  /// stands for a state.
  package init(leaf value: Value, level: Int, standsForState: Bool = false) {
    current = value
    tracks = true
    super.init(level: Int32(level), depth: 0)
    birth = standsForState ? 0 : .max
  }

  /// What is stored here, whatever a trace keeps in its place.
  package var stored: (value: Value, tracks: Bool, grad: Tensor?) {
    lock.lock()
    defer { lock.unlock() }
    return (current, tracks, gradient)
  }

  /// What keeps this state's value in its place: a trace, a functional call.
  @inline(__always) private var trace: (any StateKeeping)? {
    kb_context_flags() & UInt32(KB_CONTEXT_STATES) == 0 || birth == .max
      ? nil : Tracing.states(for: self)
  }

  /// What the state holds now. Never live itself.
  public var value: Value {
    get {
      if let trace { return trace.snapshot(of: self).value }
      lock.lock()
      defer { lock.unlock() }
      return current
    }
    set {
      if let trace { return trace.setValue(newValue, of: self) }
      // The old value is released outside of the lock: its end may run other code.
      var new = newValue
      lock.lock()
      swap(&current, &new)
      lock.unlock()
    }
  }

  /// Takes the value out, so that an update may overwrite its elements. Others that read the state wait
  /// until `endUpdate` has put a value back.
  package func beginUpdate() -> Value {
    var value = Value.nothing
    lock.lock()
    swap(&current, &value)
    return value
  }

  /// Ends what `beginUpdate` began.
  package func endUpdate(_ value: consuming Value) {
    current = value
    lock.unlock()
  }

  /// Takes the gradient out, so that a new one may use its memory.
  package func takeGradient() -> Tensor? {
    var taken: Tensor?
    lock.lock()
    swap(&gradient, &taken)
    lock.unlock()
    return taken
  }

  /// What is expected of a gradient.
  package enum ExpectedGradient { case any, missing, present(TensorType) }

  /// Whether the value and the gradient stored here are as expected.
  package func holds(
    _ dtype: DType, _ shape: Shape, tracked: Bool, gradient expected: ExpectedGradient
  ) -> Bool {
    lock.lock()
    defer { lock.unlock() }
    guard tracks == tracked, Self.isPlain(current, dtype, shape) else { return false }
    switch expected {
    case .any: return true
    case .missing: return gradient == nil
    case .present(let type):
      guard let value = gradient?.value else { return false }
      return Self.isPlain(value, type.dtype, type.shape)
    }
  }

  @inline(__always)
  private static func isPlain(_ value: Value, _ dtype: DType, _ shape: Shape) -> Bool {
    guard value.meta == Value.Meta(dtype) else { return false }
    guard let body = value.body else { return shape.isEmpty }
    return body.layout.shape == shape
  }

  /// The dtype of the value.
  public var dtype: DType {
    if let trace { return trace.snapshot(of: self).value.dtype }
    lock.lock()
    let dtype = current.dtype
    lock.unlock()
    return dtype
  }

  /// Whether operations on the state's value are recorded.
  public var requiresGrad: Bool {
    get {
      if let trace { return trace.requiresGrad(of: self) }
      return lock.withLock { tracks }
    }
    set { lock.withLock { tracks = newValue } }
  }

  /// The gradient that `backward` has accumulated.
  public var grad: Tensor? {
    get {
      if let trace { return trace.grad(of: self) }
      lock.lock()
      defer { lock.unlock() }
      return gradient
    }
    set {
      if let trace { return trace.setGrad(newValue, of: self) }
      var new = newValue
      lock.lock()
      swap(&gradient, &new)
      lock.unlock()
    }
  }

  /// The current value as an operation reads it, with this state as its origin if it requires grad.
  @usableFromInline package var snapshot: Tensor {
    if let trace { return trace.snapshot(of: self) }
    lock.lock()
    defer { lock.unlock() }
    return Tensor(current, tracks ? self : nil)
  }

  /// A tensor that names this state.
  public var tensor: Tensor {
    Tensor(Value(body: nil, meta: Value.Meta(value.dtype).with(Value.Meta.live)), self)
  }

  override func propagate(_ cotangent: Tensor, _ walk: Walk) {
    if walk.isSelective { return }
    if kb_context_flags() & UInt32(KB_CONTEXT_STATES) != 0 {
      // A trace keeps the gradient, of the state that this leaf stands for.
      let sum = grad.map { walk.sum($0, cotangent) } ?? cotangent
      grad = walk.createGraph ? sum : sum.withoutEdge
      return
    }
    while true {
      lock.lock()
      if gradient == nil {
        gradient = cotangent
        lock.unlock()
        return
      }
      lock.unlock()
      guard let old = grad else { continue }
      var sum = walk.sum(old, cotangent)
      if !walk.createGraph { sum = sum.withoutEdge }
      if replace(old, by: sum) { return }
    }
  }

  /// Fails when another thread has added to the gradient meanwhile.
  private func replace(_ old: Tensor, by new: Tensor) -> Bool {
    var new: Tensor? = new
    lock.lock()
    let isCurrent =
      gradient.map { $0.value.body === old.value.body && $0.value.bits == old.value.bits } ?? false
    if isCurrent { swap(&gradient, &new) }
    lock.unlock()
    return isCurrent
  }

  public override var name: String { "AccumulateGrad" }
}

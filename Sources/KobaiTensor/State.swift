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

  /// A state at the level of the transforms that are active on this thread.
  public init(_ value: Value, requiresGrad: Bool) {
    current = value
    tracks = requiresGrad
    super.init(level: Int32(kb_context_depth()), depth: 0)
  }

  /// What the state holds now. Never live itself.
  public var value: Value {
    get {
      lock.lock()
      defer { lock.unlock() }
      return current
    }
    set {
      // The old value is released outside of the lock: its end may run other code.
      var new = newValue
      lock.lock()
      swap(&current, &new)
      lock.unlock()
    }
  }

  /// The dtype of the value.
  public var dtype: DType {
    lock.lock()
    let dtype = current.dtype
    lock.unlock()
    return dtype
  }

  public var requiresGrad: Bool {
    get { lock.withLock { tracks } }
    set { lock.withLock { tracks = newValue } }
  }

  /// The gradient that `backward` has accumulated.
  public var grad: Tensor? {
    get {
      lock.lock()
      defer { lock.unlock() }
      return gradient
    }
    set {
      var new = newValue
      lock.lock()
      swap(&gradient, &new)
      lock.unlock()
    }
  }

  /// The current value as an operation reads it, with this state as its origin if it requires grad.
  @usableFromInline var snapshot: Tensor {
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

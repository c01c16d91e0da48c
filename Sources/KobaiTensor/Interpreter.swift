import CKernels

/// A transform at work: it gives meaning to every operation on the tensors it has made.
///
/// Forward mode, batching and tracing are interpreters; reverse mode records on top of whichever is
/// active. Interpreters nest: each has a level, and an operation goes to the highest among its inputs.
public protocol Interpreter: AnyObject, Sendable {
  /// Larger for transforms that began later, inside of others.
  var level: Int { get }
  /// What users call the transform, for errors: `vmap`.
  var name: String { get }
  /// False once the transform's closure has returned; its tensors cannot be used any more.
  var isActive: Bool { get }
  /// The operation on inputs of this or lower levels.
  func bind(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor]
  /// A tensor of this level that stands for one of a lower level.
  func lift(_ tensor: Tensor) -> Tensor
  /// The tensor of a lower level with the same elements, for reading them on the host; nil if there is
  /// none.
  func host(_ tensor: Tensor) -> Tensor?
}

extension Interpreter {
  public func host(_ tensor: Tensor) -> Tensor? { nil }

  /// A tensor of this interpreter's, with the given shape and dtype as operations see them.
  public func trace(_ type: TensorType, payload: any Sendable) -> Tensor {
    Tensor(
      Value(
        body: Tracer(interpreter: self, shape: type.shape, payload: payload),
        meta: Value.Meta(type.dtype).with(Value.Meta.tracer)))
  }

  /// What this interpreter keeps for a tensor; nil for a tensor of a lower level.
  public func payload(of tensor: Tensor) -> (any Sendable)? {
    guard let tracer = tensor.value.tracer, tracer.interpreter === self else { return nil }
    return tracer.payload
  }
}

/// Runs `body` one transform level deeper; leaves made inside belong to that level.
public func withTransformLevel<R>(_ body: (Int) throws -> R) rethrows -> R {
  let depth = kb_context_depth() + 1
  kb_context_set_depth(depth)
  defer { kb_context_set_depth(depth - 1) }
  return try body(Int(depth))
}

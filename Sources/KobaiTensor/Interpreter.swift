import CKernels

/// A transform at work: it gives meaning to every operation on the tensors it has made.
///
/// Forward mode, batching and tracing are interpreters; reverse mode records on top of whichever is
/// active. Interpreters nest: each has a level, and an operation goes to the highest among its inputs.
public protocol Interpreter: AnyObject, Sendable {
  var level: Int { get }
  /// What users call the transform, for errors: `vmap`.
  var name: String { get }
  /// False once the transform's closure has returned; its tensors cannot be used any more.
  var isActive: Bool { get }
  /// The operation on inputs of this or lower levels.
  func bind(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor]
  /// A tensor of this level that stands for one of a lower level.
  func lift(_ tensor: Tensor) -> Tensor
}

extension Interpreter {
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

/// The innermost trace of this thread, which also takes operations that have no inputs.
public enum Tracing {
  static var current: (any Interpreter)? {
    kb_context_tracer().map { Unmanaged<Box>.fromOpaque($0).takeUnretainedValue().interpreter }
  }

  /// Runs `body` with creation operations going to `interpreter`.
  public static func with<R>(_ interpreter: any Interpreter, _ body: () throws -> R) rethrows -> R {
    let box = Box(interpreter)
    let (outer, flags) = (kb_context_tracer(), kb_context_flags())
    kb_context_set_tracer(Unmanaged.passUnretained(box).toOpaque())
    kb_context_set_flags(flags | UInt32(KB_CONTEXT_TRACING))
    defer {
      kb_context_set_tracer(outer)
      kb_context_set_flags(flags)
    }
    return try withExtendedLifetime(box) { try body() }
  }

  private final class Box {
    let interpreter: any Interpreter
    init(_ interpreter: any Interpreter) { self.interpreter = interpreter }
  }
}

/// Runs `body` one transform level deeper; leaves made inside belong to that level.
public func withTransformLevel<R>(_ body: (Int) throws -> R) rethrows -> R {
  let depth = kb_context_depth() + 1
  kb_context_set_depth(depth)
  defer { kb_context_set_depth(depth - 1) }
  return try body(Int(depth))
}

import CKernels

/// A primitive that draws random numbers: each evaluation gives others.
///
/// It is never removed, repeated or moved past another one by a compiler, and inside `vmap` the argument
/// `randomness` says whether examples share one draw.
public protocol RandomPrimitive: Primitive {
  /// For an operation whose numbers do not depend on its inputs: the one that draws for `size` examples at
  /// once, without inputs, that dimension first. nil: `batch` on inputs of which each has a batch
  /// dimension draws for each example.
  func repeated(_ size: Int) -> (any Primitive)?
}

extension RandomPrimitive {
  public func repeated(_ size: Int) -> (any Primitive)? { nil }
}

/// What remembers, in the place of states, what a closure sees of them and makes of them: the states keep
/// their values meanwhile.
public protocol StateKeeping: AnyObject, Sendable {
  /// States made meanwhile carry this number.
  var number: UInt32 { get }
  /// What a read of the state gives: a tensor of the transform's.
  func snapshot(of state: State) -> Tensor
  /// Takes what is written to the state.
  func setValue(_ value: Value, of state: State)
  /// The gradient that the closure has accumulated; nil for none.
  func grad(of state: State) -> Tensor?
  /// Takes a gradient that is written; nil removes it.
  func setGrad(_ grad: Tensor?, of state: State)
  /// Whether operations on the state are recorded.
  func requiresGrad(of state: State) -> Bool
  /// A state was made meanwhile.
  func made(_ state: State)
}

/// A trace in which states can be read and written.
public protocol StateTracing: Interpreter, StateKeeping {
  /// A host value was read that decides what is traced.
  func observe(_ what: String, _ read: @escaping () -> AnyHashable)
}

/// The transforms of this thread that take operations without any input of theirs: traces all of them,
/// vmap those that draw random numbers.
public enum Tracing {
  /// The innermost trace.
  package static var innermostTrace: (any Interpreter)? { current }

  /// The innermost trace.
  static var current: (any Interpreter)? {
    var box = Box.current
    while let next = box {
      if next.isTrace { return next.interpreter }
      box = next.outer
    }
    return nil
  }

  /// The innermost of all.
  static var innermost: (any Interpreter)? {
    var box = Box.current
    while let next = box {
      if let interpreter = next.interpreter { return interpreter }
      box = next.outer
    }
    return nil
  }

  /// What keeps the value of a state in its place; nil when it is used directly.
  @inline(never)
  static func states(for _: State) -> (any StateKeeping)? {
    var box = Box.current
    while let next = box {
      if let keeper = next.keeper { return keeper }
      box = next.outer
    }
    return nil
  }

  /// Whether a trace is being made on this thread.
  public static var isActive: Bool { kb_context_flags() & UInt32(KB_CONTEXT_TRACING) != 0 }

  /// Tells a trace that a host value was read that decides what is traced: a module's training mode, a
  /// hyperparameter. What is compiled is used only while `read` gives what it gave now.
  ///
  /// - Parameter what: for the warning when it has changed: `training mode of Dropout`.
  public static func observe(
    _ what: @autoclosure () -> String, _ read: @escaping () -> AnyHashable
  ) {
    guard isActive, let trace = current as? any StateTracing else { return }
    trace.observe(what(), read)
  }

  /// Runs `body` with operations that have no inputs going to `interpreter`, a trace.
  public static func with<R>(_ interpreter: any Interpreter, _ body: () throws -> R) rethrows -> R {
    let keeper = interpreter as? any StateTracing
    let flags = UInt32(keeper == nil ? KB_CONTEXT_TRACING : KB_CONTEXT_TRACING | KB_CONTEXT_STATES)
    return try run(
      Box(interpreter, isTrace: true, keeper), kb_context_flags() | flags, body)
  }

  /// Runs `body` with states read and written through `keeper`.
  package static func keeping<R>(_ keeper: any StateKeeping, _ body: () throws -> R) rethrows -> R {
    try run(
      Box(nil, isTrace: false, keeper), kb_context_flags() | UInt32(KB_CONTEXT_STATES), body)
  }

  /// Runs `body` with random operations going to `interpreter`.
  package static func withRandom<R>(
    _ interpreter: any Interpreter, _ body: () throws -> R
  ) rethrows -> R {
    try run(
      Box(interpreter, isTrace: false, nil), kb_context_flags() | UInt32(KB_CONTEXT_BATCHING), body)
  }

  /// Runs `body` as if `transform`, one of this thread, and those inside of it were not active.
  package static func outside<R>(
    _ transform: AnyObject, _ body: () throws -> R
  ) rethrows -> R {
    var box = Box.current
    while let next = box, next.interpreter !== transform && next.keeper !== transform {
      box = next.outer
    }
    guard let own = box else { return try body() }
    return try run(own.outer, own.flags, body)
  }

  private static func run<R>(_ box: Box?, _ flags: UInt32, _ body: () throws -> R) rethrows -> R {
    let (outer, outerFlags) = (kb_context_tracer(), kb_context_flags())
    kb_context_set_tracer(box.map { Unmanaged.passUnretained($0).toOpaque() })
    kb_context_set_flags(flags)
    defer {
      kb_context_set_tracer(outer)
      kb_context_set_flags(outerFlags)
    }
    return try withExtendedLifetime(box) { try body() }
  }

  private final class Box {
    let interpreter: (any Interpreter)?
    let isTrace: Bool
    let keeper: (any StateKeeping)?
    /// What was there before.
    let outer: Box?
    let flags: UInt32

    init(
      _ interpreter: (any Interpreter)?, isTrace: Bool, _ keeper: (any StateKeeping)?
    ) {
      self.interpreter = interpreter
      self.isTrace = isTrace
      self.keeper = keeper
      outer = Box.current
      flags = kb_context_flags()
    }

    static var current: Box? {
      kb_context_tracer().map { Unmanaged<Box>.fromOpaque($0).takeUnretainedValue() }
    }
  }
}

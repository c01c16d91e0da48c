import Synchronization

/// A forward hook's registration.
public struct ForwardHookHandle {
  fileprivate weak var module: ModuleBase?
  fileprivate let number: Int

  /// The hook is not called any more. A second call does nothing.
  public func remove() { module?.removeHook(number) }
}

/// A module whose calls hooks see: every `Module`, `Module2` and `Module3`, and the layers that are called
/// with arguments of their own.
///
/// A module of one's own with several arguments conforms by naming the types and calling `hooked`:
///
///     final class Mixer: ModuleBase, Hookable {
///       func callAsFunction(_ x: Tensor, _ y: Tensor, scale: Double = 1) -> Tensor {
///         hooked((x, y)) { input in (input.0 + input.1) * scale }
///       }
///     }
public protocol Hookable<Input, Output>: ModuleBase {
  /// What hooks see of the arguments; a tuple if there are several.
  associatedtype Input
  /// What hooks see of the result, and may replace.
  associatedtype Output
}

extension Hookable {
  /// Runs `body` in the module's scope, with its hooks: a call of a module that has a `callAsFunction` of
  /// its own.
  ///
  /// - Parameters:
  ///   - input: what hooks see, and may replace.
  ///   - body: the module's computation from that input.
  @inlinable
  public func hooked(_ input: Input, _ body: (Input) -> Output) -> Output {
    scoped { hasHooks ? withHooks(input, body) : body(input) }
  }

  /// Calls `hook` after each `forward` with the module, its input and its output.
  ///
  ///     let handle = net.fc1.registerForwardHook { _, _, y in print(y.shape); return nil }
  ///     net(x)            // prints [32, 100]
  ///     handle.remove()
  ///
  /// - Parameter hook: what it returns takes the place of the output; nil leaves it. Several inputs come as
  ///   a tuple, `(input: x, state: (h, c))` for an `LSTM`.
  @discardableResult
  public func registerForwardHook(
    _ hook: @escaping (_ module: Self, _ input: Input, _ output: Output) -> Output?
  ) -> ForwardHookHandle {
    addHook { hooks, number in
      hooks.after.append(
        (
          number,
          { module, input, output in
            guard let module = module as? Self, let input = input as? Input,
              let output = output as? Output
            else { return nil }
            return hook(module, input, output)
          }
        ))
    }
  }

  /// Calls `hook` before each `forward` with the module and its input.
  ///
  /// - Parameter hook: what it returns takes the place of the input; nil leaves it.
  @discardableResult
  public func registerForwardPreHook(
    _ hook: @escaping (_ module: Self, _ input: Input) -> Input?
  ) -> ForwardHookHandle {
    addHook { hooks, number in
      hooks.before.append(
        (
          number,
          { module, input in
            guard let module = module as? Self, let input = input as? Input else { return nil }
            return hook(module, input)
          }
        ))
    }
  }

  @usableFromInline
  func withHooks(_ input: Input, _ body: (Input) -> Output) -> Output {
    guard let hooks else { return body(input) }
    var input = input
    for (_, hook) in hooks.before {
      if let replaced = hook(self, input) as? Input { input = replaced }
    }
    var output = body(input)
    for (_, hook) in hooks.after {
      if let replaced = hook(self, input, output) as? Output { output = replaced }
    }
    return output
  }
}

extension ModuleBase {
  /// The hooks of one module, without the types of its input and output.
  struct Hooks {
    var last = 0
    var before: [(number: Int, hook: (ModuleBase, Any) -> Any?)] = []
    var after: [(number: Int, hook: (ModuleBase, Any, Any) -> Any?)] = []
    /// Called with what the module gave, whatever its inputs are.
    var observers: [(number: Int, observe: (ModuleBase, Any) -> Void)] = []
  }

  @usableFromInline final var hasHooks: Bool { hooks != nil }

  final func addHook(_ add: (inout Hooks, Int) -> Void) -> ForwardHookHandle {
    var changed = hooks ?? Hooks()
    changed.last += 1
    add(&changed, changed.last)
    hooks = changed
    return ForwardHookHandle(module: self, number: changed.last)
  }

  @usableFromInline
  final func observe(_ output: Any) {
    for (_, observe) in hooks?.observers ?? [] { observe(self, output) }
  }

  fileprivate final func removeHook(_ number: Int) {
    hooks?.before.removeAll { $0.number == number }
    hooks?.after.removeAll { $0.number == number }
    hooks?.observers.removeAll { $0.number == number }
  }
}

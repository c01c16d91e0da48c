import Synchronization

/// A forward hook's registration.
public struct ForwardHookHandle {
  fileprivate weak var module: ModuleBase?
  fileprivate let number: Int

  /// The hook is not called any more. A second call does nothing.
  public func remove() { module?.removeHook(number) }
}

extension Forward {
  /// Calls `hook` after each `forward` with the module, its input and its output.
  ///
  ///     let handle = net.fc1.registerForwardHook { _, _, y in print(y.shape); return nil }
  ///     net(x)            // prints [32, 100]
  ///     handle.remove()
  ///
  /// - Parameter hook: what it returns takes the place of the output; nil leaves it.
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
  func forwardWithHooks(_ input: Input) -> Output {
    guard let hooks else { return forward(input) }
    var input = input
    for (_, hook) in hooks.before {
      if let replaced = hook(self, input) as? Input { input = replaced }
    }
    var output = forward(input)
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

/// A hook's registration; see `Tensor.registerHook`.
public struct HookHandle: Sendable {
  let node: Node
  let number: Int

  /// The hook is not called any more. A second call does nothing.
  public func remove() {
    node.withExtras { extras in extras.hooks.removeAll { $0.id == number } }
  }
}

extension Tensor {
  /// Calls `hook` with the gradient of this tensor whenever a backward pass has computed it.
  ///
  ///     let x = Tensor(3.0, requiresGrad: true)
  ///     x.registerHook { $0 * 2 }
  ///     (x * x).backward()
  ///     x.grad                       // Optional(tensor(12.))
  ///
  /// Hooks run in the order of their registration, on the thread that calls `backward`, once for each
  /// pass: contributions have been added up.
  ///
  /// - Parameter hook: what it returns takes the place of the gradient, of the same dtype and shape; nil
  ///   leaves it.
  /// - Returns: a handle that removes the hook.
  @discardableResult
  public func registerHook(_ hook: @escaping (Tensor) -> Tensor?) -> HookHandle {
    guard requiresGrad, let node else {
      let detached = Node(level: 0, depth: 0)
      return misuse(
        "registerHook: cannot register a hook on a tensor that doesn't require gradient; make it "
          + "with requiresGrad: true", else: HookHandle(node: detached, number: -1))
    }
    let type = type
    let number = node.withExtras { extras in
      extras.nextHook += 1
      extras.hooks.append(
        (
          extras.nextHook,
          { gradient in
            guard let replaced = hook(gradient)?.current else { return nil }
            guard replaced.type == type || replaced.isPoisoned else {
              return misuse(
                "registerHook: a hook has changed the type of its gradient from \(type) to "
                  + "\(replaced.type); both must be the same")
            }
            return replaced
          }
        ))
      return extras.nextHook
    }
    return HookHandle(node: node, number: number)
  }

  /// Calls `hook` with the gradient of this tensor, which stays as it is.
  @discardableResult
  public func registerHook(_ hook: @escaping (Tensor) -> Void) -> HookHandle {
    registerHook { gradient -> Tensor? in
      hook(gradient)
      return nil
    }
  }

  /// Keeps the gradient of this intermediate result in `grad` during `backward`.
  ///
  ///     let x = Tensor(3.0, requiresGrad: true)
  ///     let y = x * x
  ///     y.retainGrad()
  ///     (y * 2).backward()
  ///     y.grad                       // Optional(tensor(2.))
  ///
  /// A leaf keeps it anyway.
  public func retainGrad() {
    guard requiresGrad, let node else {
      return misuse(
        "retainGrad: can't retain_grad on Tensor that has requires_grad=False; make it with "
          + "requiresGrad: true", else: ())
    }
    if !isLeaf { node.withExtras { $0.retainsGrad = true } }
  }

  /// Whether `backward` keeps the gradient of this intermediate result.
  public var retainsGrad: Bool {
    guard !isLeaf, let node else { return false }
    return node.withExtras { $0.retainsGrad }
  }

  /// The operation that this tensor is the result of, as its derivative sees it; nil for a leaf and for
  /// a tensor that does not require grad.
  ///
  ///     let x = Tensor(3.0, requiresGrad: true)
  ///     (x * x).gradFn?.name                                // "MulBackward0"
  ///     (x * x).gradFn?.nextFunctions.map(\.name)           // ["AccumulateGrad", "AccumulateGrad"]
  public var gradFn: GradientFunction? { isLeaf ? nil : node.map(GradientFunction.init) }
}

/// A vertex of the graph that `backward` walks: a recorded operation, or the accumulation into a leaf.
public struct GradientFunction: Sendable, Hashable, CustomStringConvertible {
  let node: Node

  init(_ node: Node) { self.node = node.origin.node }

  /// `MulBackward0`; `AccumulateGrad` for a leaf.
  public var name: String { node.name }

  /// The path of the module in whose `forward` the operation was recorded, `Net.fc1`; nil outside of all.
  public var scope: String? { node.scope.path }

  /// Where the gradients of the inputs go, in order; inputs that do not require grad are left out.
  public var nextFunctions: [GradientFunction] {
    node.parents.compactMap { $0.map(GradientFunction.init) }
  }

  /// The leaf whose gradient is accumulated here; nil for an operation.
  public var variable: Tensor? { (node as? State)?.tensor }

  /// The values that are kept for the derivative; none once they have been freed.
  public var savedTensors: [Tensor] { node.keptValues.map { Tensor($0) } }

  public var description: String { "<\(name)>" }

  public static func == (a: GradientFunction, b: GradientFunction) -> Bool { a.node === b.node }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(node)) }
}

extension Node {
  /// Calls `body` with what belongs to this output of the operation, under its lock.
  func withExtras<R>(_ body: (NodeExtras) -> R) -> R {
    let (node, output) = origin
    return node.lock.withLock {
      let extras = node.extras ?? NodeExtras()
      node.extras = extras
      guard let general = node as? GeneralNode, general.types.count > 1 else { return body(extras) }
      var all = extras.outputs ?? general.types.map { _ in nil }
      let own = all[output] ?? NodeExtras()
      all[output] = own
      extras.outputs = all
      return body(own)
    }
  }

  var retainedGrad: Tensor? {
    get { origin.node.extras == nil ? nil : withExtras { $0.grad } }
    set { withExtras { $0.grad = newValue } }
  }
}

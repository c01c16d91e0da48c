import KobaiOperators
import KobaiTensor

/// The structure of what a closure gives, known once it has run: rules see flat tensors.
private final class Structure<T> {
  private var tree: T?

  func learn(_ tree: T) { if self.tree == nil { self.tree = tree } }

  var known: T {
    guard let tree else { preconditionFailure("a rule was used before its function was called") }
    return tree
  }
}

extension Tree {
  /// The structure, without holding on to its tensors.
  fileprivate var skeleton: Self { mapTensors { _ in Tensor(Value(bits: 0, dtype: .float32)) } }
}

/// Whether some transform looks at one of these tensors. What follows a misuse has no derivative.
private func areDifferentiated(_ inputs: [Tensor]) -> Bool {
  inputs.contains { $0.node != nil || !$0.value.meta.isPlain }
    && !inputs.contains(where: \.isPoisoned)
}

/// A function with a reverse-mode derivative of one's own.
///
///     let log1pExp = customVJP(
///       { (x: Tensor) in (1 + x.exp()).log() },
///       forward: { (x: Tensor) in ((1 + x.exp()).log(), x) },          // the result, and what is kept
///       backward: { (x: Tensor, dy: Tensor) in dy * x.sigmoid() })     // no overflow for large x
///     grad(log1pExp)(100.0)                                            // tensor(1.)
///
/// Where no transform looks on `function` runs; otherwise `forward`, which must give the same. It batches
/// under `vmap`; derivatives of the derivative are those of `backward` and `forward`. Forward mode (`jvp`)
/// is refused: see `customJVP`. What the closures take from outside is not differentiated.
///
/// - Parameters:
///   - forward: gives the result and anything that `backward` needs.
///   - backward: takes what was kept and the cotangent of the result, and gives that of the argument.
public func customVJP<A: Tree, R: Tree, Residual: Tree>(
  _ function: @escaping (A) -> R, forward: @escaping (A) -> (R, Residual),
  backward: @escaping (Residual, R) -> A
) -> (A) -> R {
  { a in
    let inputs = a.tensors.map(\.current)
    guard areDifferentiated(inputs) else { return function(a) }
    let argument = a.skeleton
    let structure = Structure<(R, Residual)>()
    let rule = ClosureRule(
      name: "customVJP", resultCount: { structure.known.0.tensors.count },
      forward: { tensors in
        let (result, kept) = forward(argument.replacingTensors(tensors))
        structure.learn((result.skeleton, kept.skeleton))
        return result.tensors + kept.tensors
      },
      backward: { kept, cotangents in
        let (result, residual) = structure.known
        return backward(
          residual.replacingTensors(kept), result.replacingTensors(cotangents)
        ).tensors
      })
    let outputs = bind(Primitives.CustomRule(rule: rule), inputs)
    let result = structure.known.0
    return result.replacingTensors(Array(outputs.prefix(result.tensors.count)))
  }
}

/// A function with a forward-mode derivative of one's own; the reverse-mode derivative is its transpose.
///
///     let f = customJVP(
///       { (x: Tensor) in x.sin() },
///       jvp: { (x: Tensor, dx: Tensor) in (x.sin(), x.cos() * dx) })
///     grad(f)(0.0)   // tensor(1.)
///
/// - Parameter jvp: takes the argument and its tangent, and gives the result and its tangent, which must be
///   linear in the argument's. What the closures take from outside is not differentiated.
public func customJVP<A: Tree, R: Tree>(
  _ function: @escaping (A) -> R, jvp: @escaping (A, A) -> (R, R)
) -> (A) -> R {
  { a in
    let inputs = a.tensors.map(\.current)
    guard areDifferentiated(inputs) else { return function(a) }
    let argument = a.skeleton
    let structure = Structure<R>()
    let rule = ClosureRule(
      name: "customJVP", resultCount: { structure.known.tensors.count },
      forward: { tensors in
        let result = function(argument.replacingTensors(tensors))
        structure.learn(result.skeleton)
        return result.tensors
      },
      push: { tensors, tangents in
        jvp(
          argument.replacingTensors(tensors), argument.replacingTensors(tangents)
        ).1.tensors
      })
    let outputs = bind(Primitives.CustomRule(rule: rule), inputs)
    return structure.known.replacingTensors(outputs)
  }
}

import KobaiOperators
import KobaiTensor

/// The value of a function and its gradient with respect to the first argument, in one pass.
///
///     let (value, slope) = valueAndGrad { (x: Tensor) in x ** 2 }(3.0)   // 9, 6
///
/// See ``grad(_:fileID:line:)`` for what functions and arguments may be.
@_disfavoredOverload
public func valueAndGrad<A: Tree, each B: Tree>(
  _ function: @escaping (A, repeat each B) -> Tensor, fileID: StaticString = #fileID,
  line: UInt = #line
) -> (A, repeat each B) -> (Tensor, A) {
  valueAndGradOfPack(function, fileID: fileID, line: line)
}

func valueAndGradOfPack<A: Tree, each B: Tree>(
  _ function: @escaping (A, repeat each B) -> Tensor, fileID: StaticString,
  line: UInt
) -> (A, repeat each B) -> (Tensor, A) {
  let site = CallSite("valueAndGrad", fileID, line)
  return { (a: A, b: repeat each B) in
    let result = differentiate(site, a.tensors) {
      (function(a.replacingTensors($0), repeat each b), ())
    }
    return (result.value, a.replacingTensors(result.gradients))
  }
}

/// The value of a function of one tensor and its gradient.
public func valueAndGrad(
  _ function: @escaping (Tensor) -> Tensor, fileID: StaticString = #fileID, line: UInt = #line
) -> (Tensor) -> (Tensor, Tensor) {
  let site = CallSite("valueAndGrad", fileID, line)
  return { x in
    let result = differentiate(site, [x]) { (function($0[0]), ()) }
    return (result.value, result.gradients[0])
  }
}

/// The value of a function with what it returns beside it, and the gradient of the value.
///
///     let ((loss, logits), gradient) = valueAndGrad(lossAndLogits, hasAux: true)(weights, x, y)
///
/// - Parameter hasAux: true; the function returns (value, anything). Tensors in a `Tree` beside the value
///   leave the transform as the value does.
@_disfavoredOverload
public func valueAndGrad<A: Tree, each B: Tree, Aux>(
  _ function: @escaping (A, repeat each B) -> (Tensor, Aux), hasAux: Bool,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (A, repeat each B) -> ((Tensor, Aux), A) {
  valueAndGradOfPack(function, hasAux: hasAux, fileID: fileID, line: line)
}

func valueAndGradOfPack<A: Tree, each B: Tree, Aux>(
  _ function: @escaping (A, repeat each B) -> (Tensor, Aux), hasAux: Bool,
  fileID: StaticString, line: UInt
) -> (A, repeat each B) -> ((Tensor, Aux), A) {
  let site = CallSite("valueAndGrad", fileID, line)
  return { (a: A, b: repeat each B) in
    let result = differentiate(site, a.tensors) {
      function(a.replacingTensors($0), repeat each b)
    }
    return ((result.value, lowered(result.aux)), a.replacingTensors(result.gradients))
  }
}

/// The value of a function and its gradients with respect to every argument.
@_disfavoredOverload
public func valueAndGrad<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: AllArguments,
  fileID: StaticString = #fileID, line: UInt = #line
) -> (repeat each A) -> (Tensor, (repeat each A)) {
  valueAndGradOfPack(function, argnums: argnums, fileID: fileID, line: line)
}

func valueAndGradOfPack<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: AllArguments,
  fileID: StaticString, line: UInt
) -> (repeat each A) -> (Tensor, (repeat each A)) {
  let site = CallSite("valueAndGrad", fileID, line)
  return { (a: repeat each A) in
    let result = differentiate(site, tensors(in: repeat each a)) {
      (call(function, $0, repeat each a), ())
    }
    return (result.value, rebuild(result.gradients, repeat each a))
  }
}

/// The value of a function and its gradients with respect to some arguments, tensors, by their numbers.
@_disfavoredOverload
public func valueAndGrad<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: [Int],
  fileID: StaticString = #fileID, line: UInt = #line
) -> (repeat each A) -> (Tensor, [Tensor]) {
  valueAndGradOfPack(function, argnums: argnums, fileID: fileID, line: line)
}

func valueAndGradOfPack<each A: Tree>(
  _ function: @escaping (repeat each A) -> Tensor, argnums: [Int],
  fileID: StaticString, line: UInt
) -> (repeat each A) -> (Tensor, [Tensor]) {
  let site = CallSite("valueAndGrad", fileID, line)
  return { (a: repeat each A) in
    let groups = groups(repeat each a)
    var areTensors: [Bool] = []
    for argument in repeat each a { areTensors.append(argument is Tensor) }
    let chosen = argnums.map { $0 < 0 ? $0 + groups.count : $0 }
    for (argument, number) in zip(chosen, argnums)
    where !(groups.indices.contains(argument) && areTensors[argument]) {
      let reason =
        groups.indices.contains(argument)
        ? "argument \(number) is no tensor; put what is differentiated first, or use argnums: .all"
        : "there is no argument \(number) among \(groups.count)"
      return misuse("grad: \(reason)", else: (.poison, argnums.map { _ in .poison }))
    }
    guard Set(chosen).count == chosen.count else {
      return misuse(
        "grad: argnums \(argnums) name an argument twice; name each once",
        else: (.poison, argnums.map { _ in .poison }))
    }
    let result = differentiate(site, chosen.map { groups[$0][0] }) { leaves in
      var inner = groups
      for (argument, leaf) in zip(chosen, leaves) { inner[argument][0] = leaf }
      return (call(function, inner.flatMap { $0 }, repeat each a), ())
    }
    return (result.value, result.gradients)
  }
}

/// What a function returns beside its value, without the edges of the transform that has ended.
private func lowered<Aux>(_ aux: Aux) -> Aux {
  guard let tree = aux as? any Tree else { return aux }
  func lower<T: Tree>(_ tree: T) -> T {
    let level = withTransformLevel { $0 }
    return tree.mapTensors { $0.lowered(below: level) }
  }
  return lower(tree) as? Aux ?? aux
}

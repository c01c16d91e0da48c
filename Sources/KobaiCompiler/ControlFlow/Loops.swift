import KobaiOperators
import KobaiTensor
import KobaiTransforms

// JAX's loops. Where the number of rounds is known they are Swift loops: every transform sees their
// operations. A condition on tensors decides at once where elements are known; a trace takes the whole loop
// as one operation (While.swift).

/// Carries a value through the slices of `xs` along their first dimensions, and stacks what each round gives.
///
///     let (total, sums) = scan(
///       { (sum: Tensor, x: Tensor) in (sum + x, sum + x) }, 0.0, Tensor([1.0, 2.0, 3.0]))
///     // 6, [1, 3, 6]
///
/// An epoch over stacked batches is one call: what the body makes of parameters and optimizer states stays.
///
/// - Parameters:
///   - initial: the first carry.
///   - xs: tensors with one first dimension in common.
///   - reverse: from the last slice to the first; results stay in the order of `xs`.
public func scan<Carry: Tree, X: Tree, Y: Tree>(
  _ body: (Carry, X) -> (Carry, Y), _ initial: Carry, _ xs: X, reverse: Bool = false
) -> (Carry, Y) {
  let slices = xs.tensors
  guard let first = slices.first else {
    return misuse(
      "scan: xs holds no tensor, so the number of rounds is not known; use foriLoop",
      else: failed(body, initial, xs))
  }
  guard slices.allSatisfy({ $0.rank > 0 && $0.shape[0] == first.shape[0] }), first.shape[0] > 0
  else {
    return misuse(
      "scan: all tensors of xs need one first dimension of at least 1, but the shapes are "
        + "\(slices.map(\.shape))", else: failed(body, initial, xs))
  }
  let count = first.shape[0]
  let rounds = reverse ? Array((0..<count).reversed()) : Array(0..<count)
  var carry = initial
  var results = [Y?](repeating: nil, count: count)
  for i in rounds {
    let (next, result) = body(carry, xs.mapTensors { $0.select(dim: 0, index: i) })
    carry = next
    results[i] = result
  }
  let all = results.compactMap { $0 }
  let columns = all.map(\.tensors)
  let stacked = columns[0].indices.map { k in Tensor.stack(columns.map { $0[k] }) }
  return (carry, all[0].replacingTensors(stacked))
}

private func failed<Carry: Tree, X: Tree, Y: Tree>(
  _ body: (Carry, X) -> (Carry, Y), _ carry: Carry, _ xs: X
) -> (Carry, Y) {
  let (carry, y) = body(carry.mapTensors { _ in .poison }, xs.mapTensors { _ in .poison })
  return (carry.mapTensors { _ in .poison }, y.mapTensors { _ in .poison })
}

/// Applies `body` to the numbers lower ..< upper and the value carried.
///
///     foriLoop(0, 5, { i, x in x * 2 }, Tensor(1.0))   // tensor(32.)
public func foriLoop<T: Tree>(
  _ lower: Int, _ upper: Int, _ body: (Int, T) -> T, _ initial: T
) -> T {
  var value = initial
  var i = lower
  while i < upper {
    value = body(i, value)
    i += 1
  }
  return value
}

/// Applies `body` for as long as `condition` gives true.
///
///     whileLoop({ (x: Tensor) in x < 100 }, { x in x * 3 }, Tensor(1.0))   // tensor(243.)
///
/// Under `vmap` examples go on until their own condition fails. While tracing, and under `vmap`, the loop is
/// one operation whose number of rounds is not known, so that it has no reverse-mode derivative, as in JAX:
/// use `scan` or `foriLoop` where one is needed. What the body assigns to states is refused there.
///
/// - Parameters:
///   - condition: gives one bool.
///   - body: keeps the structure, shapes and dtypes.
public func whileLoop<T: Tree>(
  _ condition: (T) -> Tensor, _ body: (T) -> T, _ initial: T
) -> T {
  if let known = decided(condition(initial)) {
    var (value, goesOn) = (initial, known)
    while goesOn {
      value = body(value)
      guard let next = decided(condition(value)) else { return loop(condition, body, value) }
      goesOn = next
    }
    return value
  }
  return loop(condition, body, initial)
}

private func loop<T: Tree>(
  _ condition: (T) -> Tensor, _ body: (T) -> T, _ initial: T
) -> T {
  let carried = initial.tensors.map(\.current)
  let types = carried.map(\.type)
  let test = Lifted("whileLoop", types) { [condition(initial.replacingTensors($0))] }
  let step = Lifted("whileLoop", types) { body(initial.replacingTensors($0)).tensors }
  guard test.graph.outputs.map({ test.graph.types[$0] }) == [TensorType(.bool, [])] else {
    return misuse(
      "whileLoop: the condition must give one bool, but gives "
        + "\(test.graph.outputs.map { test.graph.types[$0] })", else: initial)
  }
  guard step.graph.outputs.map({ step.graph.types[$0] }) == types else {
    return misuse(
      "whileLoop: the body must keep the types \(types), but gives "
        + "\(step.graph.outputs.map { step.graph.types[$0] })", else: initial)
  }
  let primitive = Primitives.While(
    condition: test.compiled, body: step.compiled, conditionCaptures: test.captured.count,
    bodyCaptures: step.captured.count)
  return initial.replacingTensors(
    bind(primitive, test.captured + step.captured + carried))
}

/// The Swift truth of a one-element tensor whose element is known; nil inside a trace or of a batch.
func decided(_ condition: Tensor) -> Bool? {
  var tensor = condition.current.unboxed
  while let tracer = tensor.value.tracer {
    guard tracer.interpreter.isActive, let lower = tracer.interpreter.host(tensor) else {
      return nil
    }
    tensor = lower.current
  }
  guard tensor.value.meta.isPlain, tensor.count == 1 else { return nil }
  return Tensor(tensor.value).item(as: Bool.self)
}

/// One of two functions of the same arguments, as a one-element tensor decides.
///
///     cond(x.sum() > 0, { (x: Tensor) in x * 2 }, { x in -x }, x)
///
/// Where the element is known only the chosen one runs. While tracing, and for a condition that differs between
/// examples of `vmap`, both are computed and the results chosen by element, and states may not be
/// assigned.
///
/// - Parameters:
///   - ifTrue, ifFalse: give results of one structure, shapes and dtypes.
public func cond<A: Tree, R: Tree>(
  _ condition: Tensor, _ ifTrue: (A) -> R, _ ifFalse: (A) -> R, _ argument: A
) -> R {
  guard condition.count == 1 else {
    return misuse(
      "cond: the condition must have one element, but its shape is \(condition.shape)",
      else: ifTrue(argument).mapTensors { _ in .poison })
  }
  if let known = decided(condition) { return known ? ifTrue(argument) : ifFalse(argument) }
  let (a, b) = (ifTrue(argument), ifFalse(argument))
  let (x, y) = (a.tensors, b.tensors)
  guard x.map(\.type) == y.map(\.type) else {
    return misuse(
      "cond: both functions must give the same types, but give \(x.map(\.type)) and "
        + "\(y.map(\.type))", else: a.mapTensors { _ in .poison })
  }
  let flag = condition.to(.bool).reshape([])
  return a.replacingTensors(zip(x, y).map { Tensor.where(flag, $0, $1) })
}

import KobaiOperators
import KobaiTensor
import KobaiTransforms

// JAX's loops (scan stands in Scan.swift). Outside of traces they are Swift loops: every transform sees their
// operations. A condition on tensors decides at once where elements are known; a trace takes the whole loop
// as one operation (While.swift, Cond.swift).

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

/// The same with the number as an int64 tensor: inside `jit` the loop is one operation, whatever its length,
/// which has derivatives.
///
///     foriLoop(0, 5, { (i: Tensor, x: Tensor) in x + i }, Tensor(0))   // tensor(10)
@_disfavoredOverload
public func foriLoop<T: Tree>(
  _ lower: Int, _ upper: Int, _ body: (Tensor, T) -> T, _ initial: T
) -> T {
  guard lower < upper else { return initial }
  return scan(
    { (value: T, i: Tensor) in (body(i, value), [Tensor]()) }, initial,
    Tensor.arange(lower, upper)
  ).0
}

/// Applies `body` for as long as `condition` gives true.
///
///     whileLoop({ (x: Tensor) in x < 100 }, { x in x * 3 }, Tensor(1.0))   // tensor(243.)
///
/// Under `vmap` examples go on until their own condition fails. While tracing, and under `vmap`, the loop is
/// one operation whose number of rounds is not known, so that it has a forward-mode derivative only, as in JAX:
/// use `scan` or `foriLoop` where another is needed. What the body assigns to states is refused there.
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
    condition: test.compiled("whileLoop"), body: step.compiled("whileLoop"),
    conditionCaptures: test.captured.count,
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

import CKernels

/// A primitive that makes new values of states: a step of an optimizer, of a running statistic.
///
/// Its inputs are the states' values followed by other operands; its outputs are the states' new values
/// in the same order and of the same types.
public protocol UpdatePrimitive: Primitive {
  /// How many of so many inputs are states.
  func stateCount(inputCount: Int) -> Int

  /// Replaces the states' values by the new ones, in their own memory where `states` has the only
  /// reference to it.
  func evaluate(updating states: inout [Value], with operands: [Value])
}

extension UpdatePrimitive {
  public var residuals: Residuals { .none }

  public func infer(_ inputs: [TensorType]) -> [TensorType] {
    Array(inputs.prefix(stateCount(inputCount: inputs.count)))
  }

  public func evaluate(_ inputs: [Value]) -> [Value] {
    let count = stateCount(inputCount: inputs.count)
    var states = Array(inputs.prefix(count))
    evaluate(updating: &states, with: Array(inputs.dropFirst(count)))
    return states
  }
}

/// `bind` for a primitive that makes new values of states, and the assignment of these values.
///
/// With plain values and no transform active, the states' memory is overwritten where nothing else refers
/// to it; other threads that read a state meanwhile wait for its new value. Otherwise the primitive goes to
/// the transforms like any other.
///
/// - Parameters:
///   - states: each at most once.
///   - operands: what else the primitive reads; none of them a state that is updated.
public func update<P: UpdatePrimitive>(
  _ states: [State], by primitive: P, with operands: [Tensor]
) {
  let quiet = UInt32(KB_CONTEXT_NO_GRAD | KB_CONTEXT_RECOVERING)
  let operands = operands.map(\.current)
  guard kb_context_flags() & ~quiet == 0, operands.allSatisfy(\.value.meta.isPlain) else {
    return updateThroughTransforms(states, by: primitive, with: operands)
  }
  let plainOperands = operands.map(\.value)
  var values = states.map { $0.beginUpdate() }
  let arePlain = values.allSatisfy(\.meta.isPlain)
  if arePlain { primitive.evaluate(updating: &values, with: plainOperands) }
  for i in states.indices { states[i].endUpdate(values[i]) }
  if !arePlain { updateThroughTransforms(states, by: primitive, with: operands) }
}

private func updateThroughTransforms<P: UpdatePrimitive>(
  _ states: [State], by primitive: P, with operands: [Tensor]
) {
  let results = noGrad { bind(primitive, states.map(\.tensor) + operands) }
  for (state, result) in zip(states, results) { state.replace(result, operation: P.name) }
}

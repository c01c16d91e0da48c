import CKernels

/// A primitive that makes new values of states: a step of an optimizer, of a running statistic.
///
/// Its inputs are the states' values followed by other operands; its outputs are the states' new values
/// in the same order and of the same types.
public protocol UpdatePrimitive: Primitive {
  /// How many of so many inputs are states.
  func stateCount(inputCount: Int) -> Int

  /// The steps of which this one is made: the same primitive on the states of some parts, and on the operands that
  /// at least one of them reads, gives the new values of these states. One part that is all of it unless declared.
  func parts(inputCount: Int) -> [UpdatePart]

  /// Replaces the states' values by the new ones, in their own memory where `states` has the only
  /// reference to it.
  func evaluate(updating states: inout [Value], with operands: [Value])
}

/// What a part of an update replaces and reads.
public struct UpdatePart: Sendable {
  public let states: Range<Int>
  /// Which of the operands, in order.
  public let operands: [Int]

  public init(states: Range<Int>, operands: [Int]) {
    self.states = states
    self.operands = operands
  }
}

extension UpdatePrimitive {
  public func parts(inputCount: Int) -> [UpdatePart] {
    let count = stateCount(inputCount: inputCount)
    return [UpdatePart(states: 0..<count, operands: Array(0..<inputCount - count))]
  }

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
///   - states: each at most once; naming one twice is a misuse.
///   - operands: what else the primitive reads; none of them a state that is updated.
public func update<P: UpdatePrimitive>(
  _ states: [State], by primitive: P, with operands: [Tensor]
) {
  // In one order for all threads: two that update the same states never wait for each other.
  let order = states.indices.sorted { states[$0].address < states[$1].address }
  for (i, j) in zip(order, order.dropFirst()) where states[i] === states[j] {
    return misuse(
      "\(P.name): a tensor is to be updated twice in one step; name each parameter once", else: ())
  }
  let quiet = UInt32(KB_CONTEXT_NO_GRAD | KB_CONTEXT_RECOVERING)
  let operands = operands.map(\.current)
  guard kb_context_flags() & ~quiet == 0, operands.allSatisfy(\.value.meta.isPlain) else {
    return updateThroughTransforms(states, by: primitive, with: operands)
  }
  let plainOperands = operands.map(\.value)
  var values = states.map { _ in Value.nothing }
  for i in order { values[i] = states[i].beginUpdate() }
  let arePlain = values.allSatisfy(\.meta.isPlain)
  if arePlain { primitive.evaluate(updating: &values, with: plainOperands) }
  for i in states.indices { states[i].endUpdate(values[i]) }
  if !arePlain { updateThroughTransforms(states, by: primitive, with: operands) }
}

extension State {
  fileprivate var address: UInt { UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()) }
}

private func updateThroughTransforms<P: UpdatePrimitive>(
  _ states: [State], by primitive: P, with operands: [Tensor]
) {
  let results = noGrad { bind(primitive, states.map(\.tensor) + operands) }
  for (state, result) in zip(states, results) { state.replace(result, operation: P.name) }
}

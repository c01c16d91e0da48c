import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// Carries a value through the slices of `xs` along their first dimensions, and stacks what each round gives.
///
///     let (total, sums) = scan(
///       { (sum: Tensor, x: Tensor) in (sum + x, sum + x) }, 0.0, Tensor([1.0, 2.0, 3.0]))
///     // 6, [1, 3, 6]
///
/// An epoch over stacked batches is one call: what the body makes of parameters and optimizer states stays.
///
/// Inside `jit` the loop is one operation of the graph, whatever its length: the body is traced once and
/// replayed for each round. If it assigns states, its first round is traced by itself, as it may make
/// others: an optimizer's moments. Derivatives go through the rounds backwards, each of which is computed
/// again from what was carried into it.
///
/// - Parameters:
///   - initial: the first carry; the body keeps its structure, shapes and dtypes.
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
  if count > 1, Tracing.isActive { return tracedScan(body, initial, xs, rounds) }
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

/// The loop as one operation, behind its first round if that assigns states.
private func tracedScan<Carry: Tree, X: Tree, Y: Tree>(
  _ body: (Carry, X) -> (Carry, Y), _ initial: Carry, _ xs: X, _ rounds: [Int]
) -> (Carry, Y) {
  let reverse = rounds[0] > 0
  let attempt = Tracing.attempt {
    body(initial, xs.mapTensors { $0.select(dim: 0, index: rounds[0]) })
  }
  guard attempt.touchesStates else {
    return loop(body, initial, xs, count: rounds.count, reverse)
  }
  let (carry, first) = attempt.result
  let rest = xs.mapTensors { x in
    x.narrow(dim: 0, start: reverse ? 0 : 1, length: rounds.count - 1)
  }
  let (last, others) = loop(body, carry, rest, count: rounds.count - 1, reverse)
  let stacked = zip(first.tensors, others.tensors).map { first, others in
    let own = first.unsqueeze(0)
    return Tensor.cat(reverse ? [others, own] : [own, others])
  }
  return (last, others.replacingTensors(stacked))
}

private func loop<Carry: Tree, X: Tree, Y: Tree>(
  _ body: (Carry, X) -> (Carry, Y), _ initial: Carry, _ xs: X, count: Int, _ reverse: Bool
) -> (Carry, Y) {
  let carried = initial.tensors.map(\.current)
  let scanned = xs.tensors.map(\.current)
  let types =
    carried.map(\.type) + scanned.map { TensorType($0.dtype, Array($0.shape.dropFirst())) }
  var results: (Carry, Y)?
  let lifted = Lifted("scan", types, carriesStates: true) { all in
    let (carry, y) = body(
      initial.replacingTensors(Array(all.prefix(carried.count))),
      xs.replacingTensors(Array(all.dropFirst(carried.count))))
    results = (carry, y)
    return carry.tensors + y.tensors
  }
  guard let (carry, y) = results else { preconditionFailure("the body was not called") }
  let given = lifted.graph.outputs.map { lifted.graph.types[$0] }
  guard Array(given.prefix(carried.count)) == carried.map(\.type) else {
    return misuse(
      "scan: the body must keep the types \(carried.map(\.type)) of what it carries, but gives "
        + "\(given.prefix(carry.tensors.count))",
      else: (initial.mapTensors { _ in .poison }, y.mapTensors { _ in .poison }))
  }
  let operation = ScanOperation(lifted, carried, scanned, resultCount: y.tensors.count)
  let outputs = operation.call(count: count, reverse)
  lifted.states.assign(outputs.states)
  return (carry.replacingTensors(outputs.carry), y.replacingTensors(outputs.results))
}

/// The primitive of a lifted body, with its operands in order.
private struct ScanOperation {
  let lifted: Lifted
  let carried, scanned: [Tensor]
  let resultCount: Int

  init(_ lifted: Lifted, _ carried: [Tensor], _ scanned: [Tensor], resultCount: Int) {
    self.lifted = lifted
    (self.carried, self.scanned, self.resultCount) = (carried, scanned, resultCount)
  }

  func call(
    count: Int, _ reverse: Bool
  ) -> (carry: [Tensor], states: [Tensor], results: [Tensor]) {
    let states = lifted.states
    let captures = lifted.captured.count
    // The states are carried behind the closure's own carry.
    var graph = lifted.graph
    let (own, all) = (graph.inputs, carried.count + states.inputs.count)
    let slices = own[(captures + carried.count)..<(captures + carried.count + scanned.count)]
    graph.inputs = own.prefix(captures + carried.count) + states.inputs + slices
    let outputs = graph.outputs
    graph.outputs =
      outputs.prefix(carried.count) + states.outputs
      + outputs.dropFirst(carried.count).prefix(resultCount)
    let operands = lifted.captured + carried + states.initial + scanned
    let isRecorded = isGradEnabled && operands.contains { $0.current.node != nil }
    let program = CompiledGraph(
      "scan", graph, isDifferentiated: isRecorded,
      donors: Dictionary(uniqueKeysWithValues: (0..<all).map { ($0, captures + $0) }))
    let primitive = Primitives.Scan(
      body: program, captures: captures, carried: all, count: count, reverse: reverse,
      isRecorded: isRecorded)
    let results = bind(primitive, operands)
    return (
      Array(results.prefix(carried.count)), Array(results[carried.count..<all]),
      Array(results[all..<all + resultCount])
    )
  }
}

import KobaiOperators
import KobaiTensor
import KobaiTransforms

extension JITEntry {
  /// Traces a function. Without an entry, after a misuse inside `recovering { }`, with poisoned results.
  static func trace<R>(
    _ name: String, _ arguments: FlatTree, _ function: ([Tensor]) -> R,
    flatten: (R) -> [Tensor], rebuild: (R, [Tensor]) -> R
  ) -> (entry: JITEntry?, result: R) {
    withTransformLevel { level in
      let trace = Trace(level: level, name: name)
      defer { trace.end() }
      var sources: [JITSource] = []
      // Tensors that name states are known by their states.
      let inputs = arguments.tensors.enumerated().map { i, argument -> Tensor in
        if argument.state != nil { return argument }
        let now = argument.current
        if now.isPoisoned { return now }
        let input = trace.input(now.type)
        sources.append(.argument(i))
        guard now.node != nil, isGradEnabled else { return input }
        return Tensor(input.value, State(leaf: input.value, level: level))
      }
      let (results, prototype) = trace.run(inputs, function, flatten: flatten, rebuild: rebuild)
      guard let results else { return (nil, prototype) }
      let (writes, stateSources, isForOneCall) = trace.finish()
      let guards = JITGuards(
        types: arguments.tensors.map { $0.current.type }, states: arguments.tensors.map(\.state),
        structure: arguments.structure, recordsGradients: isGradEnabled,
        defaultDType: DType.default, observations: trace.observations,
        met: trace.states.compactMap { record in
          guard record.livesOn else { return nil }
          let grad: State.ExpectedGradient =
            !record.gradWasRead
            ? .any : record.initialGrad.map { .present($0.type) } ?? .missing
          return JITGuards.StateGuard(
            state: record.state, type: record.initial.type, tracked: record.tracked, grad: grad)
        })
      let program = CompiledGraph(
        name, trace.graph, isDifferentiated: results.contains(where: \.isTracked),
        donors: Self.donors(sources + stateSources, writes))
      if JIT.printsPasses { JIT.say("\(name)\n\(Inspection(program))") }
      let entry = JITEntry(
        prototype: JITPrototype(prototype), program: program, isForOneCall: isForOneCall,
        guards: guards,
        sources: sources + stateSources, results: results, writes: writes)
      return (entry, prototype)
    }
  }
}

extension JITEntry {
  /// For an output that replaces a state's value or gradient, the input that is this.
  private static func donors(_ sources: [JITSource], _ writes: [JITWrite]) -> [Int: Int] {
    var values: [ObjectIdentifier: Int] = [:]
    var gradients: [ObjectIdentifier: Int] = [:]
    for (i, source) in sources.enumerated() {
      switch source {
      case .state(let state, true): values[ObjectIdentifier(state)] = i
      case .grad(let state, true): gradients[ObjectIdentifier(state)] = i
      default: break
      }
    }
    var donors: [Int: Int] = [:]
    for write in writes {
      switch write {
      case .value(let state, let output): donors[output] = values[ObjectIdentifier(state)]
      case .grad(let state, let output?): donors[output] = gradients[ObjectIdentifier(state)]
      case .grad(_, nil): break
      }
    }
    return donors
  }
}

extension Trace {
  /// Calls the function on tracers. What it gives is let go, so that nothing but the program holds the states
  /// that it made.
  fileprivate func run<R>(
    _ inputs: [Tensor], _ function: ([Tensor]) -> R, flatten: (R) -> [Tensor],
    rebuild: (R, [Tensor]) -> R
  ) -> (results: [JITResult]?, prototype: R) {
    let result = Tracing.with(self) { function(inputs) }
    let tensors = flatten(result)
    if tensors.contains(where: \.isPoisoned) {
      return (nil, rebuild(result, tensors.map { _ in .poison }))
    }
    var results: [JITResult] = []
    for tensor in tensors {
      if let state = tensor.state, state.birth != number {
        results.append(.live(tensor))
        continue
      }
      let now = Tracing.with(self) { tensor.current }
      let isTracked = now.node.map { Int($0.level) == level && !Self.isFreed($0) } ?? false
      results.append(.output(graph.outputs.count, isTracked: isTracked))
      graph.outputs.append(self.number(of: now.lowered(below: level)))
    }
    return (results, rebuild(result, tensors.map { _ in Tensor(.nothing) }))
  }

  /// Whether `backward` has gone through what a result was computed from.
  private static func isFreed(_ root: Node) -> Bool {
    var seen: Set<ObjectIdentifier> = []
    var pending = [root]
    while let node = pending.popLast() {
      guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
      if node.hasBeenFreed { return true }
      pending += node.parents.compactMap { $0 }
    }
    return false
  }

  /// Completes the graph with what happened to states: inputs for those that were met, outputs for those
  /// that were written.
  fileprivate func finish() -> (writes: [JITWrite], sources: [JITSource], isForOneCall: Bool) {
    var writes: [JITWrite] = []
    var sources: [JITSource] = []
    var isForOneCall = false
    for i in states.indices {
      states[i].grad = states[i].grad.map { Tensor($0.current.lowered(below: level).value) }
    }
    for i in states.indices {
      // One that was made inside lives on if something beside this record refers to it.
      if states[i].isMadeInside {
        states[i].livesOn = !isKnownUniquelyReferenced(&states[i].state)
      }
      let record = states[i]
      if let input = record.input {
        if record.livesOn {
          graph.inputs.append(input)
          sources.append(.state(record.state, isWritten: record.isWritten))
        } else {
          graph.constants.append((input, record.initial))
        }
      }
      if let input = record.gradInput, let grad = record.initialGrad {
        if record.livesOn {
          graph.inputs.append(input)
          sources.append(.grad(record.state, isWritten: record.gradIsWritten))
        } else {
          graph.constants.append((input, grad))
        }
      }
      guard record.livesOn else { continue }
      let isComputed = record.input == nil
      if record.isWritten || isComputed {
        writes.append(.value(record.state, output: graph.outputs.count))
        graph.outputs.append(number(of: Tensor(record.current)))
        isForOneCall = isForOneCall || isComputed
      }
      if record.gradIsWritten {
        writes.append(.grad(record.state, output: record.grad.map { _ in graph.outputs.count }))
        if let grad = record.grad { graph.outputs.append(number(of: grad)) }
      }
    }
    for (value, tensor) in captured {
      graph.inputs.append(value)
      sources.append(.captured(tensor))
    }
    return (writes, sources, isForOneCall)
  }
}

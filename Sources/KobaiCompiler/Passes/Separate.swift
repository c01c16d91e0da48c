import KobaiTensor

extension Pass {
  /// Lets an optimizer's step on a large gradient that nothing reads afterwards be a step of its own, which can
  /// then follow the gradient at once: its memory serves for what comes next. Small ones stay together.
  static let separate = Pass(name: "separate") { graph in
    let live = Liveness(graph)
    var result = graph
    result.steps = graph.steps.enumerated().flatMap { i, step in
      guard let update = step.primitive as? any UpdatePrimitive else { return [step] }
      let stateCount = update.stateCount(inputCount: step.inputs.count)
      let (large, small) = update.parts(inputCount: step.inputs.count).divided { part in
        part.operands.contains {
          let base = live.base[step.inputs[stateCount + $0]]
          return live.bytes[base] >= smallestGradient && live.readers[base].last == i
        }
      }
      if large.isEmpty { return [step] }
      return (large.map { [$0] } + (small.isEmpty ? [] : [small])).map { parts in
        let states = parts.flatMap(\.states)
        let operands = Set(parts.flatMap(\.operands)).sorted()
        return Graph.Step(
          primitive: step.primitive,
          inputs: states.map { step.inputs[$0] } + operands.map { step.inputs[stateCount + $0] },
          outputs: states.map { step.outputs[$0] }, scope: step.scope)
      }
    }
    return result
  }
}

/// An operation takes longer to begin than what it does for fewer bytes.
private let smallestGradient = 1 << 16

extension Array {
  /// The elements for which something holds, and the others.
  fileprivate func divided(by condition: (Element) -> Bool) -> (those: [Element], others: [Element])
  {
    (filter(condition), filter { !condition($0) })
  }
}

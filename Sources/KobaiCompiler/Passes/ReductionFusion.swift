import KobaiOperators
import KobaiTensor

/// Joins sums and means with the group or operation that computes what only they read.
struct ReductionFusion {
  private let graph: Graph
  private let producers: [Int?]
  private let useCounts: [Int]

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers()
    useCounts = graph.useCounts()
  }

  func run() -> Graph {
    var joined: [Int: Graph.Step] = [:]
    var isGone: Set<Int> = []
    for (i, step) in graph.steps.enumerated() {
      guard step.inputs.count == 1, let producer = producers[step.inputs[0]],
        joined[producer] == nil, useCounts[step.inputs[0]] == 1,
        let new = join(step, graph.steps[producer])
      else { continue }
      joined[producer] = new
      isGone.insert(i)
    }
    if joined.isEmpty { return graph }
    var result = graph
    result.steps = graph.steps.indices.compactMap { i in
      isGone.contains(i) ? nil : joined[i] ?? graph.steps[i]
    }
    return result.renumbered()
  }

  private func join(_ reduction: Graph.Step, _ producer: Graph.Step) -> Graph.Step? {
    guard reduction.primitive is Primitives.Sum || reduction.primitive is Primitives.Mean,
      let (group, inputs) = producer.asGroup(in: graph),
      let output = producer.outputs.firstIndex(of: reduction.inputs[0]),
      group.program.results[output].isFloatingPoint,
      let fused = Primitives.FusedReduction(group, output: output, reduction.primitive)
    else { return nil }
    var outputs = producer.outputs
    outputs[output] = reduction.outputs[0]
    return Graph.Step(
      primitive: fused, inputs: inputs, outputs: outputs, scope: reduction.scope)
  }
}

extension Graph.Step {
  /// The step as a group, with the values that it reads; nil if it is no elementwise operation.
  func asGroup(in graph: Graph) -> (Primitives.FusedGroup, [Int])? {
    if let group = primitive as? Primitives.FusedGroup { return (group, inputs) }
    guard case .dtype(let dtype)? = FusedProgramBuilder.computing(self, graph) else { return nil }
    let constants = Dictionary(
      graph.constants.map { ($0.value, $0.tensor.current.value) }, uniquingKeysWith: { $1 })
    var builder = FusedProgramBuilder(graph, constants, dtype)
    guard builder.append(self), builder.inputs.contains(where: { !graph.types[$0].shape.isEmpty })
    else {
      builder.discard()
      return nil
    }
    let inputs = builder.inputs
    guard let program = builder.finish(outputs) else { return nil }
    return (Primitives.FusedGroup(program: program, names: [name]), inputs)
  }
}

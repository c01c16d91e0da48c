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
      let (group, inputs) = graph.group(producer),
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

import KobaiTensor

extension Pass {
  /// Removes what no output depends on. Random operations stay: they advance their generator.
  static let eliminateDead = Pass(name: "eliminate dead") { graph in
    var isUsed = [Bool](repeating: false, count: graph.types.count)
    for output in graph.outputs { isUsed[output] = true }
    var steps: [Graph.Step] = []
    for step in graph.steps.reversed()
    where step.drawsNumbers || step.outputs.contains(where: { isUsed[$0] }) {
      for input in step.inputs { isUsed[input] = true }
      steps.append(step)
    }
    var result = graph
    result.steps = steps.reversed()
    result.constants = graph.constants.filter { isUsed[$0.value] }
    return result.renumbered()
  }
}

import KobaiOperators
import KobaiTensor

extension Pass {
  /// Removes operations that give their input back, and computes what does not depend on any input.
  ///
  /// Only rewrites that keep every bit: x + 0 is not one (−0 + 0 is 0), nor is x · 1 for signalling NaNs.
  static let simplify = Pass(name: "simplify") { graph in
    var replacement: [Int: Int] = [:]
    var folded: [(value: Int, tensor: Tensor)] = []
    var steps: [Graph.Step] = []
    func resolve(_ value: Int) -> Int {
      var value = value
      while let next = replacement[value] { value = next }
      return value
    }
    for step in graph.steps {
      if let input = step.inputs.first, step.inputs.count == 1, step.outputs.count == 1,
        isIdentity(step, graph)
      {
        replacement[step.outputs[0]] = input
        continue
      }
      if step.inputs.isEmpty, !step.isRandom, step.outputs.allSatisfy({ isSmall(graph.types[$0]) })
      {
        let values = step.primitive.evaluate([])
        for (output, value) in zip(step.outputs, values) { folded.append((output, Tensor(value))) }
        continue
      }
      // −(−x) is x: only the sign bit changes, twice.
      if step.primitive is Primitives.Neg,
        let inner = steps.last(where: { $0.outputs.contains(resolve(step.inputs[0])) }),
        inner.primitive is Primitives.Neg, !graph.types[step.outputs[0]].dtype.isComplex
      {
        replacement[step.outputs[0]] = resolve(inner.inputs[0])
        continue
      }
      var step = step
      step.inputs = step.inputs.map(resolve)
      steps.append(step)
    }
    var result = graph.rewritten(steps: steps, replacing: replacement)
    result.constants += folded
    return result
  }

  private static func isIdentity(_ step: Graph.Step, _ graph: Graph) -> Bool {
    switch step.primitive {
    case is Primitives.Clone, is Primitives.Detach: true
    default: false
    }
  }

  /// Constants of more elements would take memory for as long as the compiled function lives.
  private static func isSmall(_ type: TensorType) -> Bool { type.shape.isEmpty }
}

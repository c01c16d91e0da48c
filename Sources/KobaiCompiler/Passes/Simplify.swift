import KobaiOperators
import KobaiTensor

extension Pass {
  /// Removes operations that give their input back, and computes what does not depend on any input.
  ///
  /// Only rewrites that keep every bit: x + 0 is not one (−0 + 0 is 0), nor is x · 1 for signalling NaNs.
  static let simplify = Pass(name: "simplify") { graph in
    var replacement: [Int: Int] = [:]
    var folded: [(value: Int, tensor: Tensor)] = []
    /// What is known without running the graph.
    var known: [Int: Value] = [:]
    for (value, tensor) in graph.constants where tensor.node == nil && tensor.value.meta.isPlain {
      known[value] = tensor.value
    }
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
      if isFoldable(step, graph) {
        let inputs = step.inputs.compactMap { known[resolve($0)] }
        if inputs.count == step.inputs.count {
          let values = step.primitive.evaluate(inputs)
          if values.allSatisfy(\.meta.isPlain) {
            for (output, value) in zip(step.outputs, values) {
              known[output] = value
              folded.append((output, Tensor(value)))
            }
            continue
          }
        }
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

  /// Whether a step may be done once for all if its inputs are known. Larger results would take memory for as
  /// long as the compiled function lives.
  private static func isFoldable(_ step: Graph.Step, _ graph: Graph) -> Bool {
    if step.drawsNumbers || step.primitive is any UpdatePrimitive { return false }
    if step.primitive is Primitives.Broadcast { return true }
    return step.outputs.allSatisfy { graph.bytes($0) <= 1 << 16 }
  }
}

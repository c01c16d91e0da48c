import KobaiOperators
import KobaiTensor

extension Pass {
  /// Lets gradients of parts lie in memory as they do without a trace: in the order of what the parts are of. A
  /// trace does not know that order; it is known where the parts are of a permutation of a result.
  static let orient = Pass(name: "orient") { graph in
    let producers = graph.producers()
    func primitive(_ value: Int) -> (any Primitive)? {
      producers[value].map { graph.steps[$0].primitive }
    }
    /// Whether a value is known to be row-major.
    func isRowMajor(_ value: Int) -> Bool {
      guard let producer = producers[value] else { return false }
      switch graph.steps[producer].primitive {
      case is Primitives.Reshape: return isRowMajor(graph.steps[producer].inputs[0])
      case is Primitives.Linear, is Primitives.LinearProduct, is Primitives.MatrixProduct,
        is any UnaryElementwise, is any BinaryElementwise:
        return true
      default: return false
      }
    }
    /// Parts of permutations, with these.
    let divided = graph.steps.compactMap { step -> (Primitives.Parts, [Int])? in
      guard let parts = step.primitive as? Primitives.Parts,
        let permute = primitive(step.inputs[0]) as? Primitives.Permute,
        let producer = producers[step.inputs[0]], isRowMajor(graph.steps[producer].inputs[0])
      else { return nil }
      return (parts, permute.order)
    }
    if divided.isEmpty { return graph }
    var result = graph
    result.steps = graph.steps.map { step in
      guard let joined = step.primitive as? Primitives.JoinedParts else { return step }
      let orders = Set(divided.filter { joined.isJoining($0.0) }.map { $0.1 })
      guard let order = orders.first, orders.count == 1 else { return step }
      return Graph.Step(
        primitive: joined.lying(asPermutedBy: order), inputs: step.inputs, outputs: step.outputs,
        scope: step.scope)
    }
    return result
  }
}

import KobaiTensor

/// What is wrong with a graph.
public struct GraphError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension Graph {
  /// Checks that every value is given exactly once and before it is read, and that each step's results
  /// have the types that its operation infers.
  ///
  ///     try makeGraph({ [$0[0] * 2] }, [TensorType(.float32, [3])]).verify()
  ///
  /// - Throws: `GraphError`, which names the value or step at fault.
  public func verify() throws(GraphError) {
    var isGiven = [Bool](repeating: false, count: types.count)
    func give(_ value: Int, _ role: String) throws(GraphError) {
      guard types.indices.contains(value) else {
        throw GraphError("graph: %\(value), \(role), is not one of the \(types.count) values")
      }
      guard !isGiven[value] else { throw GraphError("graph: %\(value), \(role), is given twice") }
      isGiven[value] = true
    }
    func read(_ value: Int, _ role: String) throws(GraphError) {
      guard isGiven.indices.contains(value), isGiven[value] else {
        throw GraphError("graph: %\(value), \(role), is read before it is given")
      }
    }
    for (i, input) in inputs.enumerated() { try give(input, "input \(i)") }
    for constant in constants {
      try give(constant.value, "a constant")
      let type = constant.tensor.type
      guard type == types[constant.value] else {
        throw GraphError(
          "graph: the constant %\(constant.value) is \(type), but declared \(types[constant.value])"
        )
      }
    }
    for (i, step) in steps.enumerated() {
      for input in step.inputs { try read(input, "an input of step \(i) (\(step.name))") }
      for output in step.outputs { try give(output, "a result of step \(i) (\(step.name))") }
      let inferred = step.primitive.infer(step.inputs.map { types[$0] })
      let declared = step.outputs.map { types[$0] }
      guard inferred == declared else {
        throw GraphError(
          "graph: step \(i) (\(step.name)) gives \(inferred), but its results are declared "
            + "\(declared)")
      }
    }
    for (i, output) in outputs.enumerated() { try read(output, "output \(i)") }
  }
}

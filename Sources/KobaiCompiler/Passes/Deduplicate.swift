import KobaiTensor

extension Pass {
  /// Computes what is computed twice once.
  static let deduplicate = Pass(name: "deduplicate") { graph in
    struct Key: Hashable {
      let primitive: AnyHashable
      let inputs: [Int]
    }
    var known: [Key: [Int]] = [:]
    var replacement: [Int: Int] = [:]
    var steps: [Graph.Step] = []
    // Equal constants of one element are one constant.
    struct Constant: Hashable {
      let bits: UInt64
      let dtype: DType
    }
    var constants: [(value: Int, tensor: Tensor)] = []
    var scalars: [Constant: Int] = [:]
    for constant in graph.constants {
      let value = constant.tensor.value
      guard value.body == nil, value.meta.isPlain else {
        constants.append(constant)
        continue
      }
      let key = Constant(bits: value.bits, dtype: value.dtype)
      if let first = scalars[key] {
        replacement[constant.value] = first
      } else {
        scalars[key] = constant.value
        constants.append(constant)
      }
    }
    for step in graph.steps {
      var step = step
      step.inputs = step.inputs.map { replacement[$0] ?? $0 }
      if step.drawsNumbers {
        steps.append(step)
        continue
      }
      let key = Key(primitive: AnyHashable(step.primitive), inputs: step.inputs)
      if let first = known[key] {
        for (output, other) in zip(step.outputs, first) { replacement[output] = other }
      } else {
        known[key] = step.outputs
        steps.append(step)
      }
    }
    var result = graph.rewritten(steps: steps, replacing: replacement)
    result.constants = constants
    return result
  }
}

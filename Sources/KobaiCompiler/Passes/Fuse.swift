import KobaiOperators
import KobaiTensor

extension Pass {
  /// Joins elementwise operations into groups that pass over memory once. A group runs the kernels that also
  /// run single operations, so its bits are theirs. Sums and means join what computes their input. Reductions
  /// of rows and what is computed with them are chains, done for some rows at a time.
  static let fuse = Pass(name: "fuse") { graph in
    var chains = RowChains(graph)
    var groups = GroupFusion(chains.run())
    var programs = ProgramFusion(groups.run())
    return ReductionFusion(programs.run()).run()
  }
}

/// The search for groups of one result, of dtypes for which there are no others: from each operation that
/// nothing took yet, last to first, towards its inputs.
private struct ProgramFusion {
  let graph: Graph
  let producers: [Int?]
  let readers: [[Int]]
  let isOutput: [Bool]
  let constants: [Int: Value]
  var isTaken: [Bool]

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers()
    var readers = [[Int]](repeating: [], count: graph.types.count)
    for (i, step) in graph.steps.enumerated() {
      for input in Set(step.inputs) { readers[input].append(i) }
    }
    self.readers = readers
    var isOutput = [Bool](repeating: false, count: graph.types.count)
    for output in graph.outputs { isOutput[output] = true }
    self.isOutput = isOutput
    constants = Dictionary(
      graph.constants.map { ($0.value, $0.tensor.current.value) }, uniquingKeysWith: { $1 })
    isTaken = Array(repeating: false, count: graph.steps.count)
  }

  mutating func run() -> Graph {
    var groups: [Int: Graph.Step] = [:]
    for root in graph.steps.indices.reversed() where !isTaken[root] {
      guard let (members, step) = group(from: root) else { continue }
      for member in members { isTaken[member] = true }
      groups[root] = step
    }
    var result = graph
    result.steps = graph.steps.indices.compactMap { i in
      groups[i] ?? (isTaken[i] ? nil : graph.steps[i])
    }
    return result.renumbered()
  }

  /// The largest group found that ends in this step; nil if there is nothing to join.
  private func group(from root: Int) -> (members: [Int], step: Graph.Step)? {
    let step = graph.steps[root]
    guard step.outputs.count == 1, let dtype = computingDType(step) else { return nil }
    let shape = graph.types[step.outputs[0]].shape
    // What has no dimensions is done without kernels; see ScalarBlock.
    guard !shape.isEmpty else { return nil }
    var members: Set<Int> = [root]
    guard let first = emit(members, root, dtype) else { return nil }
    var best = first
    var refused: Set<Int> = []
    while true {
      let candidates = members.flatMap { graph.steps[$0].inputs }.compactMap { producers[$0] }
        .filter { candidate in
          guard !members.contains(candidate), !refused.contains(candidate), !isTaken[candidate]
          else { return false }
          let other = graph.steps[candidate]
          guard other.outputs.count == 1, graph.types[other.outputs[0]].shape == shape,
            !isOutput[other.outputs[0]], computingDType(other) == dtype
          else { return false }
          return readers[other.outputs[0]].allSatisfy(members.contains)
        }
      guard let next = candidates.max() else { break }
      members.insert(next)
      if let larger = emit(members, root, dtype) {
        best = larger
      } else {
        members.remove(next)
        refused.insert(next)
      }
    }
    guard members.count > 1 else { return nil }
    return (members.sorted(), best)
  }

  /// The dtype in which an operation computes; nil if it is none that a program can hold.
  private func computingDType(_ step: Graph.Step) -> DType? {
    let types = step.inputs.map { graph.types[$0] }
    if let computing = FusedProgramBuilder.computing(step, graph), computing != .flags {
      return nil
    }
    switch step.primitive {
    case is any UnaryElementwise, is any BinaryElementwise:
      // The result's shape is that of the operands, or of the one that has dimensions.
      return types.allSatisfy({ $0.dtype == types[0].dtype }) ? types[0].dtype : nil
    case is Primitives.Where:
      return types[1].dtype == .bool ? nil : types[1].dtype
    case is Primitives.Cast:
      let target = graph.types[step.outputs[0]].dtype
      return types[0].dtype == .bool && target != .bool ? target : nil
    default:
      return nil
    }
  }

  /// The group as one step; nil if it does not fit into a program.
  private func emit(_ members: Set<Int>, _ root: Int, _ dtype: DType) -> Graph.Step? {
    var builder = GroupBuilder()
    var inputs: [Int] = []
    var names: [String] = []
    var operands: [Int: UInt8] = [:]
    /// A flag of the group is 0 or 1 of the computing dtype; one from outside is a byte.
    func operand(_ value: Int) -> UInt8? {
      if let known = operands[value] { return known }
      guard graph.types[value].dtype == dtype else { return nil }
      if let constant = constants[value], constant.body == nil,
        let number = builder.immediate(constant)
      {
        operands[value] = number
        return number
      }
      guard let number = builder.input(inputs.count) else { return nil }
      inputs.append(value)
      operands[value] = number
      return number
    }
    for member in members.sorted() {
      let step = graph.steps[member]
      var numbers: [UInt8] = []
      for input in step.inputs {
        guard let number = operand(input) else { return nil }
        numbers.append(number)
      }
      // A flag may be chosen by, combined and converted, but not computed with.
      let readsFlag = step.inputs.contains { graph.types[$0].dtype == .bool && dtype != .bool }
      guard var result = builder.append(step.primitive, numbers, readsFlag: readsFlag) else {
        return nil
      }
      let type = graph.types[step.outputs[0]].dtype
      if type == .float16 || type == .bfloat16, member != root {
        guard let rounded = builder.round(result) else { return nil }
        result = rounded
      }
      operands[step.outputs[0]] = result
      names.append(step.name)
    }
    guard let composition = builder.finish(operands[graph.steps[root].outputs[0]]) else {
      return nil
    }
    // A constant alone has no shape to give.
    guard inputs.contains(where: { !graph.types[$0].shape.isEmpty }) else { return nil }
    let fused = Primitives.Fused(composition, names: names)
    let type = graph.types[graph.steps[root].outputs[0]]
    guard fused.infer(inputs.map { graph.types[$0] }) == [type] else { return nil }
    return Graph.Step(
      primitive: fused, inputs: inputs, outputs: graph.steps[root].outputs,
      scope: graph.steps[root].scope)
  }
}

import KobaiOperators
import KobaiTensor

/// Puts chains in the place of their members.
struct RowChainRewriting {
  private let graph: Graph
  private let producers: [Int?]
  /// The steps that read each value; one more for outputs of the graph.
  private let readers: [[Int]]
  private let constants: [Int: Tensor]

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers()
    var readers = [[Int]](repeating: [], count: graph.types.count)
    for (i, step) in graph.steps.enumerated() {
      for input in step.inputs { readers[input].append(i) }
    }
    for output in graph.outputs { readers[output].append(graph.steps.count) }
    self.readers = readers
    constants = Dictionary(graph.constants.map { ($0.value, $0.tensor) }, uniquingKeysWith: { $1 })
  }

  /// What stands for the members of a chain.
  private struct Replacement {
    let members: [Int]
    let step: Graph.Step
    /// Members that are done outside, too.
    let again: [Graph.Step]
  }

  /// The graph with these chains; what read their results and stood between their members waits for their end.
  func run(_ chains: [RowChains.Chain]) -> Graph {
    var replacements: [Int: Replacement] = [:]
    var isMember = [Bool](repeating: false, count: graph.steps.count)
    for chain in chains {
      guard let replacement = replacement(chain), let last = replacement.members.last else {
        continue
      }
      replacements[last] = replacement
      for member in replacement.members { isMember[member] = true }
    }
    if replacements.isEmpty { return graph }
    var steps: [Graph.Step] = []
    var waiting: [Graph.Step] = []
    var isGiven = [Bool](repeating: false, count: graph.types.count)
    for value in graph.inputs + graph.constants.map(\.value) { isGiven[value] = true }
    func give(_ step: Graph.Step) -> Bool {
      guard step.inputs.allSatisfy({ isGiven[$0] }) else { return false }
      for output in step.outputs { isGiven[output] = true }
      steps.append(step)
      return true
    }
    for (i, step) in graph.steps.enumerated() {
      if let replacement = replacements[i] {
        guard give(replacement.step), replacement.again.allSatisfy(give) else { return graph }
        waiting = waiting.filter { !give($0) }
      } else if !isMember[i], !give(step) {
        waiting.append(step)
      }
    }
    guard waiting.isEmpty else { return graph }
    var result = graph
    result.steps = steps
    return result.renumbered()
  }

  private func replacement(_ chain: RowChains.Chain) -> Replacement? {
    guard let rows = chain.rows, let dtype = chain.dtype else { return nil }
    let members = worthwhile(chain.members, rows)
    let inside = Set(members)
    func isInside(_ value: Int) -> Bool { producers[value].map(inside.contains) ?? false }
    let steps = members.map { graph.steps[$0] }
    let reductions = steps.count { isReduction($0.primitive) }
    let broadcasts = steps.count { $0.primitive is Primitives.Broadcast }
    guard reductions > 1 || reductions == 1 && broadcasts > 0 else { return nil }
    // Views that are read outside are made there again, and so is what sums take from given values.
    var isNeeded = Set<Int>()
    var again: [Graph.Step] = []
    for step in steps.reversed() {
      let output = step.outputs[0]
      let outside = readers[output].filter { !inside.contains($0) }
      guard isNeeded.contains(output) || !outside.isEmpty else { continue }
      if step.isView
        || !isNeeded.contains(output) && areSums(outside) && isElementwise(step)
          && !step.inputs.contains(where: isInside)
      {
        again.append(step)
        isNeeded.formUnion(step.inputs)
      } else {
        isNeeded.insert(output)
      }
    }
    let outputs = steps.filter { !$0.isView }.map { $0.outputs[0] }.filter(isNeeded.contains)
    let (body, inputs) = body(of: steps, giving: outputs, dtype)
    guard let program = RowProgram(body, rows) else { return nil }
    let primitive = Primitives.RowChain(
      program: program, names: steps.filter { !$0.isView }.map(\.name))
    return Replacement(
      members: members,
      step: Graph.Step(
        primitive: primitive, inputs: inputs, outputs: outputs, scope: steps[0].scope),
      again: again.reversed())
  }

  /// The members as a graph of their own, and the values that are its inputs.
  private func body(
    of steps: [Graph.Step], giving outputs: [Int], _ dtype: DType
  ) -> (Graph, inputs: [Int]) {
    var body = Graph()
    var numbers: [Int: Int] = [:]
    var inputs: [Int] = []
    func number(_ value: Int) -> Int {
      if let known = numbers[value] { return known }
      let new = body.value(graph.types[value])
      numbers[value] = new
      // Groups have numbers in their code.
      if let constant = constants[value], graph.types[value] == TensorType(dtype, []) {
        body.constants.append((new, constant))
      } else {
        body.inputs.append(new)
        inputs.append(value)
      }
      return new
    }
    for var step in steps {
      step.inputs = step.inputs.map(number)
      step.outputs = step.outputs.map { output in
        numbers[output] = body.value(graph.types[output])
        return body.types.count - 1
      }
      body.steps.append(step)
    }
    body.outputs = outputs.map(number)
    return (body, inputs)
  }

  /// The members without those that are computed for sums outside alone, from what is in memory anyway: such
  /// a sum takes them itself.
  private func worthwhile(_ members: [Int], _ rows: RowShape) -> [Int] {
    var inside = Set(members)
    func isWritten(_ value: Int) -> Bool {
      guard let producer = producers[value], inside.contains(producer) else { return true }
      return readers[value].contains { !inside.contains($0) }
    }
    for member in members.reversed() {
      let step = graph.steps[member]
      let output = step.outputs[0]
      guard rows.isWide(graph.types[output].shape), !isReduction(step.primitive),
        readers[output].allSatisfy({ !inside.contains($0) })
      else { continue }
      if step.isView {
        inside.remove(member)
      } else if areSums(readers[output]), step.inputs.allSatisfy(isWritten) {
        inside.remove(member)
      }
    }
    return members.filter(inside.contains)
  }

  private func isReduction(_ primitive: any Primitive) -> Bool {
    primitive is any Reduction || primitive is Primitives.ArgExtremum
      || primitive is Primitives.Gather || isSum(primitive)
  }

  private func isSum(_ primitive: any Primitive) -> Bool {
    primitive is Primitives.Sum || primitive is Primitives.Mean
  }

  /// Whether these readers, outputs of the graph among them, take sums alone.
  private func areSums(_ readers: [Int]) -> Bool {
    readers.allSatisfy { $0 < graph.steps.count && isSum(graph.steps[$0].primitive) }
  }

  private func isElementwise(_ step: Graph.Step) -> Bool {
    FusedProgramBuilder.computing(step, graph) != nil
  }
}

import KobaiOperators
import KobaiTensor

/// One step of an executable, or several on single elements, with the values that die with it.
struct Instruction {
  enum Kind {
    case unary(any UnaryPrimitive, Int, Int)
    case binary(any BinaryPrimitive, Int, Int, Int)
    case scalars(ScalarBlock)
    case update(any UpdatePrimitive, states: [(number: Int, isLast: Bool)], operands: [Int], [Int])
    case general(any Primitive, [Int], [Int])
  }
  let kind: Kind
  /// nil for several steps on single elements.
  let step: Graph.Step?
  /// The numbers of its steps in the graph.
  let steps: ClosedRange<Int>
  /// Values that no later instruction reads.
  let releases: [Int]

  /// Evaluates the step on values. False when the operation met a misuse.
  func run(_ slots: Slots, _ observation: ObservedLayouts?) -> Bool {
    var isSound = true
    switch kind {
    case .unary(let primitive, let x, let y):
      slots[y] = primitive.evaluate(slots[x])
      isSound = slots[y].meta.isPlain
    case .binary(let primitive, let x, let y, let z):
      slots[z] = primitive.evaluate(slots[x], slots[y])
      isSound = slots[z].meta.isPlain
    case .scalars(let block):
      block.run(slots)
    case .update(let primitive, let states, let operands, let outputs):
      // What nothing else reads is overwritten.
      var values = states.map { $0.isLast ? slots.take($0.number) : slots[$0.number] }
      primitive.evaluate(updating: &values, with: operands.map { slots[$0] })
      for (output, value) in zip(outputs, values) { slots[output] = value }
    case .general(let primitive, let inputs, let outputs):
      let results = primitive.evaluate(inputs.map { slots[$0] })
      for (output, result) in zip(outputs, results) {
        slots[output] = result
        isSound = isSound && result.meta.isPlain
      }
    }
    if isSound, let step { observation?.record(step, slots) }
    for number in releases { slots[number] = .nothing }
    return isSound
  }

  static func list(for graph: Graph) -> [Instruction] {
    // The last reader of each value; outputs and constants are never released.
    var lastUse = [Int](repeating: -1, count: graph.types.count)
    for (i, step) in graph.steps.enumerated() { for input in step.inputs { lastUse[input] = i } }
    let kept = Set(graph.outputs).union(graph.constants.map(\.value))
    var instructions: [Instruction] = []
    var block = ScalarBlock()
    func close(before i: Int) {
      // Numbers hold no memory: nothing is to be released.
      if !block.operations.isEmpty {
        instructions.append(
          Instruction(
            kind: .scalars(block), step: nil, steps: (i - block.operations.count)...(i - 1),
            releases: []))
      }
      block = ScalarBlock()
    }
    for (i, step) in graph.steps.enumerated() {
      if let operation = ScalarBlock.operation(step, graph) {
        block.append(operation)
        continue
      }
      close(before: i)
      let dying = Set(step.inputs).filter { lastUse[$0] == i && !kept.contains($0) }
      // Results that nothing reads die at once.
      let unread = step.outputs.filter { lastUse[$0] < 0 && !kept.contains($0) }
      instructions.append(
        Instruction(
          kind: kind(of: step, dying), step: step, steps: i...i,
          releases: dying.sorted() + unread))
    }
    close(before: graph.steps.count)
    return instructions
  }

  private static func kind(of step: Graph.Step, _ dying: Set<Int>) -> Kind {
    switch step.primitive {
    case let update as any UpdatePrimitive:
      let count = update.stateCount(inputCount: step.inputs.count)
      var uses: [Int: Int] = [:]
      for input in step.inputs { uses[input, default: 0] += 1 }
      return .update(
        update,
        states: step.inputs.prefix(count).map { ($0, dying.contains($0) && uses[$0] == 1) },
        operands: Array(step.inputs.dropFirst(count)), step.outputs)
    case let unary as any UnaryPrimitive:
      return .unary(unary, step.inputs[0], step.outputs[0])
    case let binary as any BinaryPrimitive:
      return .binary(binary, step.inputs[0], step.inputs[1], step.outputs[0])
    default:
      return .general(step.primitive, step.inputs, step.outputs)
    }
  }
}

import KobaiOperators
import KobaiTensor

/// Makes the parts of a replay: how each step is done, where values lie, which addresses kernels are called
/// with.
struct ReplayBuilder {
  let plan: MemoryPlan
  let addresses: Addresses
  private(set) var steps: [Replay.Step] = []
  /// Operations on single elements, with cells for operands.
  private(set) var scalars: [ScalarBlock.Operation] = []
  private(set) var dynamicValues: [Int] = []

  init(_ executable: Executable, _ observation: ObservedLayouts) {
    let graph = executable.graph
    var layouts = zip(graph.types, observation.layouts).map { type, layout in
      layout ?? Layout(contiguous: type.shape)
    }
    var views: [Int: (base: Int, byteOffset: Int)] = [:]
    var preparations: [Preparation] = []
    for instruction in executable.instructions {
      guard let step = instruction.step else {
        if case .scalars(let block) = instruction.kind { preparations.append(.scalars(block)) }
        continue
      }
      preparations.append(
        Self.prepare(step, graph, &layouts, observation.views, &views))
    }
    let plan = MemoryPlan(
      graph, executable.instructions, preparations, layouts, views: views,
      donors: graph.donors)
    self.plan = plan
    var operands: [(base: Int, byteOffset: Int)] = []
    for (i, (instruction, preparation)) in zip(executable.instructions, preparations).enumerated() {
      switch preparation {
      case .view: break
      case .scalars(let block):
        steps.append(
          Replay.Step(kind: .scalars, start: scalars.count, count: block.operations.count))
        scalars += block.operations.map { $0.onCells { plan.cell($0) } }
      case .kernel(_, let run):
        steps.append(
          Replay.Step(
            kind: .kernel, start: operands.count, run: run, source: instruction.step))
        for value in (instruction.step?.inputs ?? []) + (instruction.step?.outputs ?? []) {
          operands.append((plan.base[value], plan.byteOffset[value]))
        }
      case .evaluate:
        steps.append(Replay.Step(kind: .evaluate, source: instruction.step))
        dynamicValues += instruction.step?.outputs ?? []
      }
      if !steps.isEmpty {
        steps[steps.count - 1].releases += plan.dying(MemoryPlan.inputs(instruction), at: i)
      }
    }
    addresses = Addresses(count: graph.types.count, operands: operands)
  }

  private static func prepare(
    _ step: Graph.Step, _ graph: Graph, _ layouts: inout [Layout],
    _ observed: [Int: (base: Int, byteOffset: Int)],
    _ views: inout [Int: (base: Int, byteOffset: Int)]
  ) -> Preparation {
    func types(_ values: [Int]) -> [StridedType] {
      values.map { StridedType(graph.types[$0].dtype, layouts[$0]) }
    }
    switch step.primitive.prepare(types(step.inputs), to: types(step.outputs)) {
    case .kernel(let mayReplace, let run):
      return .kernel(mayReplace: mayReplace, run: run)
    case .view(let layout, let offset):
      let (input, output) = (step.inputs[0], step.outputs[0])
      let size = graph.types[input].dtype.size
      if graph.types[output].shape.isEmpty {
        // Single elements have their own place.
        return .kernel(mayReplace: []) { memory in
          memory[1].copyMemory(from: memory[0] + offset * size, byteCount: size)
          return true
        }
      }
      layouts[output] = layout
      views[output] = (input, offset * size)
      return .view
    case .views(let all):
      // Single elements have their own place, which an evaluation fills.
      guard step.outputs.allSatisfy({ !graph.types[$0].shape.isEmpty }) else { return .evaluate }
      for (output, view) in zip(step.outputs, all) {
        layouts[output] = view.layout
        views[output] = (step.inputs[0], view.offset * graph.types[output].dtype.size)
      }
      return .view
    case nil:
      guard step.outputs.count == 1, let view = observed[step.outputs[0]] else { return .evaluate }
      views[step.outputs[0]] = view
      return .view
    }
  }
}

extension MemoryPlan {
  /// The cell of a single element.
  func cell(_ value: Int) -> Int {
    guard case .cell(let cell) = places[value] else {
      preconditionFailure("%\(value) is no single element")
    }
    return cell
  }
}

extension ScalarBlock.Operation {
  /// The same operation on cells instead of values.
  func onCells(_ cell: (Int) -> Int) -> ScalarBlock.Operation {
    ScalarBlock.Operation(
      opcode: opcode, dtype: dtype, result: result, x: cell(x), y: y < 0 ? y : cell(y), z: cell(z))
  }
}

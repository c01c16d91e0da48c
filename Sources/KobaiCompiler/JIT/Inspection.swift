import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// What `jit` makes of a function: its graph after each pass, and what a replay costs.
///
///     let inspection = step.inspect(x, y)
///     print(inspection)                        // the graph before and after each pass
///     inspection.groups                        // [["mul", "exp", "add"]]
///     inspection.bytesMoved, inspection.flops
///     inspection.graph.json                    // for other programs
public struct Inspection: Sendable, CustomStringConvertible {
  /// The graph after each pass; the first is as traced.
  public let stages: [(pass: String, graph: Graph)]

  /// The graph that is replayed.
  public var graph: Graph { stages[stages.count - 1].graph }

  /// The operations of each fused group.
  public var groups: [[String]] {
    graph.steps.compactMap(\.members)
  }

  /// The bytes that steps read and write, views left out.
  public var bytesMoved: Int { graph.steps.reduce(0) { $0 + graph.bytesMoved($1) } }

  /// Floating point operations: 2 n m k for matrix products and one for each result element of what else
  /// computes.
  public var flops: Int { graph.steps.reduce(0) { $0 + graph.flops($1) } }

  /// The largest sum of bytes of intermediate results that are alive together.
  public var peakBytes: Int { graph.peakBytes }

  /// The bytes that a replay takes for intermediate results, where the memory plan lets them share.
  public var plannedBytes: Int { graph.plannedBytes }

  /// The operations that a replay evaluates, which allocates their results: they have no prepared kernel
  /// for contiguous inputs.
  public var evaluated: [String] {
    let executable = Executable(graph)
    return ReplayBuilder(executable, ObservedLayouts(contiguous: graph)).steps
      .filter { $0.kind == .evaluate }.compactMap { $0.source?.name }
  }

  public var description: String {
    var text = ""
    for (pass, graph) in stages {
      text += "after \(pass): \(graph.steps.count) steps\n\(graph)\n\n"
    }
    for (i, group) in groups.enumerated() {
      text += "group \(i): \(group.joined(separator: ", "))\n"
    }
    return text + "\(bytesMoved) bytes moved, \(flops) flops, \(peakBytes) bytes at most at once, "
      + "\(plannedBytes) bytes in the memory plan"
  }
}

extension Jitted {
  /// What is compiled for these arguments; the function is not run on elements.
  public func inspect(_ arguments: repeat each A) -> Inspection {
    Inspection(
      stages: engine.inspect(flat(repeat each arguments)) {
        call(function, $0, repeat each arguments)
      })
  }
}

extension Graph.Step {
  /// The operations of a group; nil for any other step.
  var members: [String]? {
    (primitive as? Primitives.FusedGroup)?.names ?? (primitive as? Primitives.Fused)?.names
  }
}

extension Graph {
  func bytes(_ value: Int) -> Int { types[value].shape.reduce(types[value].dtype.size, *) }

  /// Steps whose result shows the elements of the input.
  private func isView(_ step: Step) -> Bool {
    switch step.primitive {
    case is Primitives.Broadcast, is Primitives.Permute, is Primitives.Reshape: true
    default: false
    }
  }

  func bytesMoved(_ step: Step) -> Int {
    isView(step) ? 0 : (step.inputs + step.outputs).reduce(0) { $0 + bytes($1) }
  }

  func flops(_ step: Step) -> Int {
    if isView(step) { return 0 }
    let results = step.outputs.reduce(0) { $0 + types[$1].shape.reduce(1, *) }
    if let members = step.members {
      return step.outputs.first.map { types[$0].shape.reduce(members.count, *) } ?? 0
    }
    let isProduct =
      step.primitive is Primitives.MatrixProduct || step.primitive is Primitives.Linear
    if isProduct, let inner = types[step.inputs[0]].shape.last {
      return 2 * results * inner
    }
    return results
  }

  /// The bytes that a replay takes for intermediate results if inputs are contiguous; results of operations
  /// that have no prepared kernel come on top.
  public var plannedBytes: Int { memoryPlan.arenaBytes }

  /// The plan of a replay whose inputs are contiguous.
  var memoryPlan: MemoryPlan {
    let executable = Executable(self)
    return ReplayBuilder(executable, ObservedLayouts(contiguous: self)).plan
  }

  /// The largest sum of bytes of results that a later step or an output reads.
  var peakBytes: Int {
    var lastUse = [Int](repeating: -1, count: types.count)
    for (i, step) in steps.enumerated() { for input in step.inputs { lastUse[input] = i } }
    for output in outputs { lastUse[output] = steps.count }
    let given = Set(inputs).union(constants.map(\.value))
    var (alive, peak) = (0, 0)
    for (i, step) in steps.enumerated() {
      if !isView(step) { alive += step.outputs.reduce(0) { $0 + bytes($1) } }
      peak = max(peak, alive)
      for value in Set(step.inputs + step.outputs)
      where lastUse[value] <= i && !given.contains(value) {
        let isOwn = !steps.contains { $0.outputs.contains(value) && isView($0) }
        if isOwn { alive -= bytes(value) }
      }
    }
    return peak
  }
}

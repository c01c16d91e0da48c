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
  private let plan: MemoryPlan

  init(_ program: CompiledGraph?) {
    stages = program?.stages ?? [(pass: "trace", graph: Graph())]
    plan = program?.executable.memoryPlan ?? Graph().memoryPlan
  }

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
  public var plannedBytes: Int { plan.arenaBytes }

  /// Where the results of steps lie in a replay: each block of memory with its place, the steps that it serves
  /// and the values in it, by the numbers of `graph`; outputs with the inputs whose memory they take. Before the
  /// first call, the plan for contiguous arguments.
  ///
  ///     print(step.inspect(x, y).memoryPlan)
  ///     // memory plan: 4096 bytes in one arena, 12 in memory of outputs, 1 single elements
  ///     // arena 0..<4096, steps 0–3: %5 %9
  ///     // output 0, 12 bytes in the place of input 1: %11
  public var memoryPlan: String { plan.description }

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
    let fused = graph.steps.filter { $0.members != nil }
    for (i, step) in fused.enumerated() {
      text +=
        "group \(i): \((step.members ?? []).joined(separator: ", ")); "
        + "\(graph.bytesMoved(step)) bytes moved, \(graph.flops(step)) flops\n"
    }
    return text + "\(memoryPlan)\n"
      + "\(bytesMoved) bytes moved, \(flops) flops, \(peakBytes) bytes at most at once, "
      + "\(plannedBytes) bytes in the memory plan"
  }
}

extension Jitted {
  /// What is compiled for these arguments; the function is not run on elements.
  public func inspect(_ arguments: repeat each A) -> Inspection {
    Inspection(
      engine.inspect(flat(repeat each arguments)) { call(function, $0, repeat each arguments) })
  }
}

extension Graph.Step {
  /// The operations of a group; nil for any other step.
  var members: [String]? {
    switch primitive {
    case let group as Primitives.FusedGroup: group.names
    case let reduction as Primitives.FusedReduction: reduction.names
    case let program as Primitives.Fused: program.names
    case let chain as Primitives.RowChain: chain.names
    case let tailed as Primitives.Tailed: tailed.names
    case let rectified as Primitives.RectifiedNormalization: rectified.names
    case is Primitives.RectifiedNormalizationGradient: ["reluSlope", "normalizationGradient"]
    default: nil
    }
  }
}

extension Graph {
  func bytes(_ value: Int) -> Int { types[value].shape.reduce(types[value].dtype.size, *) }

  func bytesMoved(_ step: Step) -> Int {
    step.isView ? 0 : (step.inputs + step.outputs).reduce(0) { $0 + bytes($1) }
  }

  func flops(_ step: Step) -> Int {
    if step.isView { return 0 }
    if let chain = step.primitive as? Primitives.RowChain {
      return chain.program.body.steps.reduce(0) { $0 + chain.program.body.flops($1) }
    }
    if let tailed = step.primitive as? Primitives.Tailed {
      let inputs = Array(step.inputs.prefix(tailed.productInputs))
      let result = tailed.product.infer(inputs.map { types[$0] })[0].shape
      return flops(tailed.product, inputs, result)
        + result.reduce(tailed.group.names.count, *)
    }
    if let members = step.members {
      // One for each element and operation.
      let shape = (step.inputs + step.outputs).lazy.map { types[$0].shape }
        .max { $0.reduce(1, *) < $1.reduce(1, *) }
      return (shape ?? []).reduce(members.count, *)
    }
    return step.outputs.reduce(0) { $0 + flops(step.primitive, step.inputs, types[$1].shape) }
  }

  private func flops(_ primitive: any Primitive, _ inputs: [Int], _ result: Shape) -> Int {
    let isProduct = primitive is Primitives.MatrixProduct || primitive is Primitives.Linear
    if isProduct, let inner = types[inputs[0]].shape.last { return result.reduce(2 * inner, *) }
    return result.reduce(1, *)
  }

  /// The bytes that a replay takes for intermediate results if inputs are contiguous; results of operations
  /// that have no prepared kernel come on top.
  public var plannedBytes: Int { memoryPlan.arenaBytes }

  /// The plan of a replay whose inputs are contiguous.
  var memoryPlan: MemoryPlan {
    let executable = Executable(self)
    return ReplayBuilder(executable, ObservedLayouts(contiguous: self)).plan
  }
}

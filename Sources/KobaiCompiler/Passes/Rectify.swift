import KobaiOperators
import KobaiTensor

extension Pass {
  /// Takes normalisations of channels that only ReLU reads, or an addition that only ReLU reads, apart into
  /// statistics and one pass over memory for the rest. Their gradients find out by themselves what ReLU made
  /// zero.
  static let rectify = Pass(name: "rectify") { graph in
    var rectification = Rectification(graph)
    return rectification.run()
  }
}

private struct Rectification {
  private let graph: Graph
  /// The step that reads each value, if nothing else does.
  private let onlyReader: [Int?]
  /// What takes the place of steps; nothing: they are left out.
  private var replaced: [Int: [Graph.Step]] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    let counts = graph.useCounts()
    var onlyReader = [Int?](repeating: nil, count: graph.types.count)
    for (i, step) in graph.steps.enumerated() {
      for input in step.inputs where counts[input] == 1 { onlyReader[input] = i }
    }
    self.onlyReader = onlyReader
  }

  mutating func run() -> Graph {
    for i in graph.steps.indices { rectify(i) }
    if replaced.isEmpty { return graph }
    var result = graph
    result.steps = graph.steps.indices.flatMap { replaced[$0] ?? [graph.steps[$0]] }
    // Reshapes that stood between.
    return Pass.eliminateDead.run(result)
  }

  /// Joins the normalisation at `i` with what follows it.
  private mutating func rectify(_ i: Int) {
    let step = graph.steps[i]
    guard let normalization = step.primitive as? Primitives.Normalization, !normalization.isOfRows,
      let (value, reader) = reader(of: step.outputs[0])
    else { return }
    let type = graph.types[value]
    // Half types are rounded between the operations.
    guard type.dtype == .float32 || type.dtype == .float64, !type.shape.isEmpty else { return }
    var last = reader
    var shortcut: Int?
    let follower = graph.steps[reader]
    if follower.primitive is Primitives.Add, graph.types[follower.outputs[0]] == type {
      let other = follower.inputs[0] == value ? follower.inputs[1] : follower.inputs[0]
      guard graph.types[other] == type, !isBroadcast(other),
        let next = onlyReader[follower.outputs[0]]
      else { return }
      (shortcut, last) = (other, next)
    }
    // Of two normalised summands one takes the sum.
    guard graph.steps[last].primitive is Primitives.Relu, replaced[last] == nil else { return }
    let rectified = Primitives.RectifiedNormalization(
      hasWeight: normalization.hasWeight, hasBias: normalization.hasBias,
      hasShortcut: shortcut != nil, shape: type.shape)
    let statistics = Array(step.outputs[1...])
    replaced[i] = [
      Graph.Step(
        primitive: Primitives.ChannelStatistics(normalization: normalization),
        inputs: [step.inputs[0]], outputs: statistics, scope: step.scope)
    ]
    if shortcut != nil { replaced[reader] = [] }
    replaced[last] = [
      Graph.Step(
        primitive: rectified,
        inputs: [step.inputs[0], statistics[0], statistics[1]] + step.inputs[1...]
          + [shortcut].compactMap { $0 },
        outputs: graph.steps[last].outputs, scope: step.scope)
    ]
    if shortcut == nil { differentiate(i, graph.steps[last].outputs[0]) }
  }

  /// Lets the gradient of the normalisation at `i` mask what it is given, where that is dy of its rectified
  /// result.
  private mutating func differentiate(_ i: Int, _ result: Int) {
    let forward = graph.steps[i]
    for (k, step) in graph.steps.enumerated() where k > i && step.inputs.count == 2 {
      guard step.primitive is Primitives.Slope<Primitives.Relu>, step.inputs[1] == result,
        graph.types[step.inputs[0]] == graph.types[result],
        let (value, last) = reader(of: step.outputs[0]),
        let gradient = graph.steps[last].primitive as? Primitives.NormalizationGradient
      else { continue }
      let inputs = graph.steps[last].inputs
      let weight = gradient.hasWeight ? [forward.inputs[1]] : []
      guard !gradient.isOfRows, inputs[0] == value,
        Array(inputs[1...]) == [forward.inputs[0], forward.outputs[1], forward.outputs[2]] + weight,
        let normalization = forward.primitive as? Primitives.Normalization,
        gradient.hasWeight == normalization.hasWeight
      else { continue }
      let bias = normalization.hasBias ? forward.inputs.suffix(1) : []
      replaced[k] = []
      replaced[last] = [
        Graph.Step(
          primitive: Primitives.RectifiedNormalizationGradient(
            gradient: gradient, hasBias: normalization.hasBias),
          inputs: [step.inputs[0]] + inputs[1...] + bias, outputs: graph.steps[last].outputs,
          scope: graph.steps[last].scope)
      ]
    }
  }

  /// Whether a value has fewer elements in memory than in its shape: the kernel would take a copy of it.
  private func isBroadcast(_ value: Int) -> Bool {
    graph.steps.contains {
      $0.outputs.first == value && $0.primitive is Primitives.Broadcast
    }
  }

  /// The only step that reads a value or a reshape of it, and as what it reads it.
  private func reader(of value: Int) -> (value: Int, step: Int)? {
    guard let reader = onlyReader[value] else { return nil }
    guard graph.steps[reader].primitive is Primitives.Reshape else { return (value, reader) }
    return self.reader(of: graph.steps[reader].outputs[0])
  }
}

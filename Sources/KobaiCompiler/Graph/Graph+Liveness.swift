import KobaiOperators
import KobaiTensor

/// Which memory the values of a graph take, as far as the graph tells: views take that of their base, and
/// outputs of the graph take memory of their own.
struct Liveness {
  /// The value whose elements each value shows.
  private(set) var base: [Int]
  /// The bytes that a base takes among the intermediate results; 0 for what is given, for outputs and for
  /// single elements.
  private(set) var bytes: [Int]
  /// The steps that read each base or a view of it, in order; views themselves left out.
  private(set) var readers: [[Int]]

  init(_ graph: Graph) {
    base = Array(graph.types.indices)
    bytes = graph.types.indices.map { graph.types[$0].shape.isEmpty ? 0 : graph.bytes($0) }
    readers = Array(repeating: [], count: graph.types.count)
    for (i, step) in graph.steps.enumerated() {
      if step.isView {
        for output in step.outputs { base[output] = base[step.inputs[0]] }
      } else {
        for input in Set(step.inputs.map { base[$0] }) { readers[input].append(i) }
      }
    }
    for value in graph.inputs + graph.constants.map(\.value) { bytes[value] = 0 }
    for output in graph.outputs { bytes[base[output]] = 0 }
  }
}

extension Graph.Step {
  /// Whether the results show the input's elements. Mostly: a reshape may be a copy.
  var isView: Bool {
    switch primitive {
    case is Primitives.Broadcast, is Primitives.Permute, is Primitives.Reshape,
      is Primitives.Slice, is Primitives.Parts:
      true
    default: false
    }
  }
}

extension Graph {
  /// The largest sum of bytes of intermediate results that are alive together.
  var peakBytes: Int { aliveBytes(Liveness(self)).max() ?? 0 }

  /// The bytes of intermediate results that are alive during each step; 0 for views.
  func aliveBytes(_ live: Liveness) -> [Int] {
    var alive = 0
    return steps.enumerated().map { i, step in
      if step.isView { return 0 }
      alive += step.outputs.reduce(0) { $0 + live.bytes[$1] }
      defer { alive -= dyingBytes(step, i, live) }
      return alive
    }
  }

  /// The bytes of results that nothing reads behind step `i`.
  private func dyingBytes(_ step: Step, _ i: Int, _ live: Liveness) -> Int {
    Set(step.inputs.map { live.base[$0] } + step.outputs)
      .filter { (live.readers[$0].last ?? -1) <= i }
      .reduce(0) { $0 + live.bytes[$1] }
  }
}

import KobaiTensor

/// How the values of a graph lay in memory in a run that evaluated each step: what a replay relies on.
final class ObservedLayouts {
  /// The layout of each value; nil where it was not seen.
  private(set) var layouts: [Layout?]
  /// Values that show the elements of another one: which, and how many bytes after its first.
  private(set) var views: [Int: (base: Int, byteOffset: Int)] = [:]

  init(_ graph: Graph, _ slots: Slots) {
    layouts = Array(repeating: nil, count: graph.types.count)
    for value in graph.inputs + graph.constants.map(\.value) {
      layouts[value] = slots[value].layout
    }
    // What follows on single elements is not evaluated step by step.
    for (value, type) in graph.types.enumerated() where type.shape.isEmpty {
      layouts[value] = .scalar
    }
  }

  /// As if all values had been contiguous.
  init(contiguous graph: Graph) {
    layouts = graph.types.map { Layout(contiguous: $0.shape) }
  }

  func record(_ step: Graph.Step, _ slots: Slots) {
    for output in step.outputs { layouts[output] = slots[output].layout }
    guard step.inputs.count == 1, !(step.primitive is any UpdatePrimitive),
      let source = slots[step.inputs[0]].body
    else { return }
    for output in step.outputs {
      guard let body = slots[output].body, body.block === source.block else { continue }
      views[output] = (step.inputs[0], body.pointer - source.pointer)
    }
  }
}

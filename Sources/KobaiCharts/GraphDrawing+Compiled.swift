import KobaiCompiler

extension GraphDrawing {
  /// A picture of a traced or compiled graph: inputs and constants above, outputs below.
  ///
  ///     let inspection = step.inspect(x, y)
  ///     GraphDrawing(of: inspection.graph).svg            // what is replayed
  ///     GraphDrawing(of: inspection.stages[0].graph).svg  // as it was traced
  ///
  /// An operation shows its name, the operations of a fused group, the module that called it, and the bytes
  /// that it reads and writes.
  public init(of graph: Graph) {
    var vertices: [Vertex] = []
    var edges: [Edge] = []
    var source: [Int: Int] = [:]
    func add(_ kind: Vertex.Kind, _ lines: [String]) -> Int {
      vertices.append(Vertex(kind: kind, lines: lines))
      return vertices.count - 1
    }
    for (i, input) in graph.inputs.enumerated() {
      source[input] = add(.leaf, ["input \(i)", "\(graph.types[input])"])
    }
    for (value, _) in graph.constants {
      source[value] = add(.leaf, ["constant", "\(graph.types[value])"])
    }
    for step in graph.steps {
      let number = add(.operation, graph.labels(of: step))
      for input in step.inputs {
        if let from = source[input] { edges.append(Edge(from: from, to: number)) }
      }
      for output in step.outputs { source[output] = number }
    }
    for (i, output) in graph.outputs.enumerated() {
      let number = add(.output, ["output \(i)", "\(graph.types[output])"])
      if let from = source[output] { edges.append(Edge(from: from, to: number)) }
    }
    self.init(vertices: vertices, edges: edges)
  }
}

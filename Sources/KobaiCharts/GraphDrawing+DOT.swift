extension GraphDrawing {
  /// The graph in Graphviz's language: `dot -Tsvg`.
  public var dot: String {
    var lines = [
      "digraph {",
      "  graph [rankdir=TB]",
      "  node [align=left fontname=monospace fontsize=10 height=0.2 ranksep=0.1 shape=box "
        + "style=filled]",
    ]
    for (number, vertex) in vertices.enumerated() {
      let label = vertex.lines.map(Self.escaped).joined(separator: "\\n")
      lines.append("  n\(number) [label=\"\(label)\" fillcolor=\"\(vertex.kind.color)\"]")
    }
    for edge in edges { lines.append("  n\(edge.from) -> n\(edge.to)") }
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func escaped(_ text: String) -> String {
    String(text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] })
  }
}

extension GraphDrawing.Vertex.Kind {
  /// The colours that torchviz has made familiar.
  var color: String {
    switch self {
    case .leaf: "#add8e6"
    case .operation: "#d3d3d3"
    case .output: "#caff70"
    }
  }
}

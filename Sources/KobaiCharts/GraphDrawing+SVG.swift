extension GraphDrawing {
  /// The picture, laid out in layers; no other program is needed.
  public var svg: String {
    let sizes = vertices.map { vertex in
      LayeredLayout.Size(
        width: 6.1 * Double(vertex.lines.map(\.count).max() ?? 0) + 16,
        height: 13 * Double(vertex.lines.count) + 7)
    }
    let layout = LayeredLayout(sizes: sizes, edges: edges.map { ($0.from, $0.to) })
    let (width, height) = (Self.text(layout.width), Self.text(layout.height))
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
        + "viewBox=\"0 0 \(width) \(height)\" font-family=\"monospace\" font-size=\"10\">",
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" "
        + "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
    ]
    for path in layout.paths { lines.append(Self.curve(path)) }
    for (vertex, box) in zip(vertices, layout.boxes) { lines += Self.box(vertex, box) }
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func box(_ vertex: Vertex, _ box: LayeredLayout.Box) -> [String] {
    let x = text(box.x)
    var lines = [
      "<rect x=\"\(text(box.x - box.size.width / 2))\" y=\"\(text(box.top))\" "
        + "width=\"\(text(box.size.width))\" height=\"\(text(box.size.height))\" rx=\"2\" "
        + "fill=\"\(vertex.kind.color)\" stroke=\"black\" stroke-width=\"0.8\"/>"
    ]
    for (i, line) in vertex.lines.enumerated() {
      lines.append(
        "<text x=\"\(x)\" y=\"\(text(box.top + 13 * Double(i) + 13))\" text-anchor=\"middle\">"
          + "\(escapedXML(line))</text>")
    }
    return lines
  }

  /// A line through the points that leaves and enters each vertically.
  private static func curve(_ points: [LayeredLayout.Point]) -> String {
    var path = "M\(text(points[0].x)) \(text(points[0].y))"
    for (a, b) in zip(points, points.dropFirst()) {
      let middle = text((a.y + b.y) / 2)
      path += "C\(text(a.x)) \(middle) \(text(b.x)) \(middle) \(text(b.x)) \(text(b.y))"
    }
    return "<path d=\"\(path)\" fill=\"none\" stroke=\"black\" stroke-width=\"0.8\" "
      + "marker-end=\"url(#arrow)\"/>"
  }

  /// One decimal is a tenth of a pixel.
  private static func text(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let rest = tenths.magnitude % 10
    return "\(sign)\(tenths.magnitude / 10)" + (rest == 0 ? "" : ".\(rest)")
  }

  private static func escapedXML(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.append(character)
      }
    }
  }
}

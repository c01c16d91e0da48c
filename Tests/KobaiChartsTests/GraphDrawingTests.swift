import Foundation
import Kobai
import KobaiCharts
import Testing

@Suite struct GraphDrawingTests {
  private static let w = Tensor([1.0, 2.0], requiresGrad: true)

  @Test func dotNamesLeavesAndOperations() {
    let w = Self.w
    let drawing = GraphDrawing(of: (w * w).sum(), names: ["w": w])
    #expect(
      drawing.dot == """
        digraph {
          graph [rankdir=TB]
          node [align=left fontname=monospace fontsize=10 height=0.2 ranksep=0.1 shape=box \
        style=filled]
          n0 [label="[]" fillcolor="#caff70"]
          n1 [label="SumBackward0" fillcolor="#d3d3d3"]
          n2 [label="MulBackward0" fillcolor="#d3d3d3"]
          n3 [label="w\\n[2]" fillcolor="#add8e6"]
          n1 -> n0
          n2 -> n1
          n3 -> n2
          n3 -> n2
        }

        """)
  }

  @Test func everyVertexIsDrawnOnce() {
    let w = Self.w
    let y = w * 2
    let drawing = GraphDrawing(of: (y * y + y.exp() * w).sum())
    #expect(drawing.vertices.count == 8)
    #expect(drawing.vertices.filter { $0.kind == .leaf }.count == 1)
    #expect(drawing.edges.count == 10)
    #expect(drawing.svg.components(separatedBy: "<text").count - 1 == 8)
  }

  @Test func aTensorWithoutGraphIsDrawnAlone() {
    let drawing = GraphDrawing(of: Tensor([1.0]))
    #expect(drawing.vertices.map(\.lines) == [["[1]"]])
    #expect(drawing.vertices.map(\.kind) == [.output])
    #expect(drawing.edges.isEmpty)
  }

  @Test func severalOutputsShareTheirGraph() {
    let w = Self.w
    let y = w.exp()
    let drawing = GraphDrawing(of: y.sum(), y * y)
    #expect(drawing.vertices.filter { $0.kind == .output }.count == 2)
    #expect(drawing.vertices.count == 6)
  }

  @Test func compiledGraphsShowTheirGroups() {
    let f = jit { (x: Tensor, w: Tensor) in ((x * 2).exp() + (x * 2)).matmul(w).sum() }
    let inspection = f.inspect(Tensor.ones([2, 3]), Tensor.ones([3, 4]))
    let traced = GraphDrawing(of: inspection.stages[0].graph)
    #expect(traced.vertices.filter { $0.kind == .operation }.map(\.lines[0]).contains("exp"))
    let compiled = GraphDrawing(of: inspection.graph)
    let operations = compiled.vertices.filter { $0.kind == .operation }.map(\.lines)
    // x is read and the group's result written, 6 floats each.
    #expect(operations[0] == ["fused", "mul, exp, add", "48 bytes"])
    #expect(compiled.vertices.filter { $0.kind == .output }.count == 1)
    #expect(compiled.vertices.contains { $0.lines == ["input 1", "float32[3, 4]"] })
    for edge in compiled.edges { #expect(edge.from != edge.to) }
    #expect(compiled.svg.contains("mul, exp, add"))
  }

  @Test func theSVGIsWellFormed() {
    let w = Self.w
    let svg = GraphDrawing(of: (w * w).exp().sum(), names: ["a<b>&\"c\"": w]).svg
    #expect(svg.contains("a&lt;b&gt;&amp;"))
    let parser = XMLReader(svg)
    #expect(parser.isWellFormed)
    #expect(parser.elements["rect"] == 6)
  }

  @Test func boxesOfALayerDoNotOverlap() {
    // A small network: every box must have its own place.
    let parameters = (0..<6).map { Tensor([Double($0)], requiresGrad: true) }
    var y = Tensor([1.0])
    for i in 0..<3 { y = ((y * parameters[2 * i] + parameters[2 * i + 1]).exp() + y * 2) }
    let svg = GraphDrawing(of: y.sum()).svg
    let boxes = svg.matches(
      of: /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/
    ).compactMap { match -> CGRect? in
      guard let x = Double(match.1), let y = Double(match.2), let w = Double(match.3),
        let h = Double(match.4)
      else { return nil }
      return CGRect(x: x, y: y, width: w, height: h)
    }
    #expect(boxes.count > 12)
    for (i, a) in boxes.enumerated() {
      for b in boxes[..<i] { #expect(!a.intersects(b)) }
    }
  }
}

/// Counts the elements of an XML text by matching its tags.
private struct XMLReader {
  var isWellFormed = true
  var elements: [String: Int] = [:]

  init(_ text: String) {
    var open: [String] = []
    for match in text.matches(of: /<(\/?)(\w+)((?:\s[^<>]*?)?)(\/?)>/) {
      let name = String(match.2)
      if match.1 == "/" {
        if open.popLast() != name { isWellFormed = false }
      } else {
        elements[name, default: 0] += 1
        if match.4.isEmpty { open.append(name) }
      }
    }
    if !open.isEmpty || text.isEmpty { isWellFormed = false }
  }
}

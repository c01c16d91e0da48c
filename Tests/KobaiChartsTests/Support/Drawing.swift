import Foundation
import KobaiCharts

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// An SVG document as an XML parser reads it.
final class Drawing: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    /// The number of the element around it; nil for the root.
    let parent: Int?
    var text = ""

    func number(_ name: String) -> Double { attributes[name].flatMap(Double.init) ?? .nan }
  }

  private(set) var elements: [Element] = []
  private(set) var error: (any Error)?
  private var open: [Int] = []

  init(_ document: String) {
    super.init()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = self
    if !parser.parse() {
      error = parser.parserError ?? CocoaError(.fileReadCorruptFile)
    }
  }

  convenience init(_ panel: some Panel, width: Double = 640) { self.init(panel.svg(width: width)) }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(
      Element(name: name, attributes: attributes, parent: open.dropLast().last))
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if let last = open.last { elements[last].text += string }
  }

  func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }
  var texts: [String] { all("text").map(\.text) }

  /// The size of the picture.
  var size: (width: Double, height: Double) {
    (elements.first?.number("width") ?? .nan, elements.first?.number("height") ?? .nan)
  }

  /// The corners of a path of straight lines.
  static func points(_ path: Element) -> [(x: Double, y: Double)] {
    let numbers = (path.attributes["d"] ?? "").split { !"-.0123456789".contains($0) }
      .compactMap { Double($0) }
    return stride(from: 0, to: numbers.count - 1, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
  }

  /// All corners of all shapes, texts by their places.
  var corners: [(x: Double, y: Double)] {
    elements.flatMap { element -> [(x: Double, y: Double)] in
      switch element.name {
      case "path": return Self.points(element)
      case "circle":
        let r = element.number("r")
        return [
          (element.number("cx") - r, element.number("cy") - r),
          (element.number("cx") + r, element.number("cy") + r),
        ]
      case "rect", "image":
        let (x, y) = (element.number("x"), element.number("y"))
        return [(x, y), (x + element.number("width"), y + element.number("height"))]
      case "text": return [(element.number("x"), element.number("y"))]
      default: return []
      }
    }
  }

  /// Whether every number of the picture is one, and every corner inside of it.
  var isInside: Bool {
    corners.allSatisfy { x, y in
      x >= -0.01 && y >= -0.01 && x <= size.width + 0.01 && y <= size.height + 0.01
    }
  }
}

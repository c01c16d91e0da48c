import KobaiFormats

/// Something that can be drawn: a chart, a matrix, images, a grid of panels.
public protocol Panel: Sendable {
  /// Shown above, and read by screen readers; may be empty.
  var title: String { get }

  /// The height in pixels at which the panel looks best.
  func height(forWidth width: Double) -> Double

  /// Draws the panel, with its title, inside of `frame`.
  func draw(on canvas: inout Canvas, in frame: Rectangle)
}

extension Panel {
  /// The panel as an SVG document 640 pixels wide.
  ///
  /// It needs nothing else (no scripts, fonts or style sheets), follows the reader's choice of a light
  /// or dark page, and the same panel gives the same bytes.
  public var svg: String { svg(width: 640) }

  /// The panel as an SVG document.
  ///
  /// - Parameter width: in pixels, at least 120.
  public func svg(width: Double) -> String {
    let width = width.isFinite ? max(width, 120) : 640
    let height = max(self.height(forWidth: width), 24)
    var canvas = Canvas()
    let frame = Rectangle(x: 0, y: 0, width: width, height: height)
    canvas.rectangle(frame, fill: .paper)
    draw(on: &canvas, in: frame)
    return canvas.svg(width: width, height: height, title: title)
  }

  /// Writes the SVG document as a file, complete or not at all.
  ///
  /// - Throws: `FileError` that names the file and the system's reason.
  public func write(to path: String) throws(FileError) {
    try AtomicFile.write(Array(svg.utf8), to: path)
  }
}

/// Something drawn between the axes of a chart.
protocol Mark: Sendable {
  /// In the legend; empty for none.
  var label: String { get }

  func include(in x: inout Extent, _ y: inout Extent)
  func draw(on canvas: inout Canvas, _ axes: Axes)
  /// A small picture of the mark for the legend.
  func drawSwatch(on canvas: inout Canvas, in frame: Rectangle)
}

/// What has no place in the legend.
extension Mark {
  var label: String { "" }
  func drawSwatch(on canvas: inout Canvas, in frame: Rectangle) {}
}

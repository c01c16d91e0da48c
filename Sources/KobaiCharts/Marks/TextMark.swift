/// A text at a point of the chart.
struct TextMark: Mark {
  let x, y: Double
  let text: String
  let color: Color

  func include(in x: inout Extent, _ y: inout Extent) {
    x.include(self.x)
    y.include(self.y)
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    guard let point = axes.point(x, y), axes.area.contains(point) else { return }
    let width = TextMetrics.width(text, size: 11)
    // Right of the point, unless the text would leave the chart there.
    let isLeft = point.x + 6 + width > axes.area.right && point.x - 6 - width >= axes.area.left
    let baseline = min(max(point.y - 5, axes.area.top + 11), axes.area.bottom - 4)
    canvas.text(
      text, at: Point(point.x + (isLeft ? -6 : 6), baseline), size: 11,
      anchor: isLeft ? .end : .start, color: color, halo: true)
  }
}

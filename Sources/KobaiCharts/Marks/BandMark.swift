/// The area between two curves.
struct BandMark: Mark {
  let x, lower, upper: [Double]
  let label: String
  let color: Color
  let opacity: Double

  func include(in x: inout Extent, _ y: inout Extent) {
    for i in self.x.indices where self.x[i].isFinite && lower[i].isFinite && upper[i].isFinite {
      x.include(self.x[i])
      y.include(lower[i])
      y.include(upper[i])
    }
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    var below: [Point] = []
    var above: [Point] = []
    func flush() {
      let outline = below + above.reversed()
      let polygon = axes.area.clipped(polygon: outline)
      if below.count > 1, polygon.count > 2 {
        canvas.path(polygon, closed: true, fill: color, opacity: opacity)
      }
      (below, above) = ([], [])
    }
    for i in x.indices {
      if let low = axes.point(x[i], lower[i]), let high = axes.point(x[i], upper[i]) {
        below.append(low)
        above.append(high)
      } else {
        flush()
      }
    }
    flush()
  }

  func drawSwatch(on canvas: inout Canvas, in frame: Rectangle) {
    canvas.rectangle(frame, fill: color, opacity: max(opacity, 0.25))
  }
}

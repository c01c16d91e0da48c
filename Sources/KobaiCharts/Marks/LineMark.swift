/// A line through points, with or without markers.
struct LineMark: Mark {
  let x, y: [Double]
  let label: String
  let stroke: Canvas.Stroke
  let marker: Marker?

  func include(in x: inout Extent, _ y: inout Extent) {
    for (a, b) in zip(self.x, self.y) where a.isFinite && b.isFinite {
      x.include(a)
      y.include(b)
    }
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    let runs = axes.runs(x, y)
    for run in runs {
      if run.count == 1, marker == nil {
        // A line cannot show a lone point.
        if axes.area.contains(run[0]) {
          canvas.circle(run[0], radius: max(stroke.width * 1.3, 2.2), fill: stroke.color)
        }
      }
      for piece in axes.area.clipped(Self.thinned(run)) { canvas.path(piece, stroke: stroke) }
    }
    guard let marker else { return }
    let points = runs.joined().filter(axes.area.contains)
    marker.draw(points, size: stroke.width * 2 + 2.4, stroke.color, opacity: 1, on: &canvas)
  }

  func drawSwatch(on canvas: inout Canvas, in frame: Rectangle) {
    let middle = frame.center
    canvas.line(Point(frame.left, middle.y), Point(frame.right, middle.y), stroke)
    marker?.draw(
      [middle], size: stroke.width * 2 + 2.4, stroke.color, opacity: 1, on: &canvas)
  }

  /// Of the points in one column of half a pixel the first, lowest, highest and last: what is drawn
  /// looks the same (Jugel et al. 2014), and a million points do not make a file of 20 MB.
  static func thinned(_ points: [Point]) -> [Point] {
    guard points.count > 2000 else { return points }
    var result: [Point] = []
    var column: [Point] = []
    func flush() {
      let order = column.indices
      let lowest = order.min { column[$0].y < column[$1].y }
      let highest = order.max { column[$0].y < column[$1].y }
      let kept = Set([order.first, lowest, highest, order.last].compactMap { $0 })
      result += kept.sorted().map { column[$0] }
    }
    for point in points {
      if let first = column.first, (first.x * 2).rounded(.down) != (point.x * 2).rounded(.down) {
        flush()
        column.removeAll(keepingCapacity: true)
      }
      column.append(point)
    }
    flush()
    return result
  }
}

/// A straight line across the chart.
struct ReferenceMark: Mark {
  let value: Double
  let isHorizontal: Bool
  let label: String
  let stroke: Canvas.Stroke

  func include(in x: inout Extent, _ y: inout Extent) {
    if isHorizontal { y.include(value) } else { x.include(value) }
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    guard let pixel = (isHorizontal ? axes.y : axes.x).position(value) else { return }
    let area = axes.area
    let ends =
      isHorizontal
      ? (Point(area.left, pixel), Point(area.right, pixel))
      : (Point(pixel, area.bottom), Point(pixel, area.top))
    guard area.contains(ends.0) else { return }
    canvas.line(ends.0, ends.1, stroke)
  }

  func drawSwatch(on canvas: inout Canvas, in frame: Rectangle) {
    let middle = frame.center.y
    canvas.line(Point(frame.left, middle), Point(frame.right, middle), stroke)
  }
}

/// Bars over (or beside) names, next to those of other calls.
struct BarMark: Mark {
  /// The numbers of the names on the axis.
  let places: [Double]
  let values: [Double]
  /// Which of the calls, from 0.
  let group: Int
  let isHorizontal: Bool
  let label: String
  let color: Color

  func include(in x: inout Extent, _ y: inout Extent) {
    func include(along: inout Extent, across: inout Extent) {
      for place in places {
        along.include(sticky: place - 0.5)
        along.include(sticky: place + 0.5)
      }
      across.include(sticky: 0)
      across.include(values)
    }
    if isHorizontal { include(along: &y, across: &x) } else { include(along: &x, across: &y) }
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    let slot = 0.8 / Double(max(axes.barGroups, 1))
    let (along, across) = isHorizontal ? (axes.y, axes.x) : (axes.x, axes.y)
    // On a logarithmic axis bars stand on its lower end.
    let foot = across.position(0) ?? across.start
    for (place, value) in zip(places, values) {
      let start = place - 0.4 + Double(group) * slot
      guard let a = along.position(start), let b = along.position(start + slot),
        let tip = across.position(value)
      else { continue }
      let gap = min(1, abs(b - a) * 0.1)
      let (low, high) = (min(a, b) + gap / 2, max(a, b) - gap / 2)
      let corners =
        isHorizontal
        ? [Point(foot, low), Point(tip, low), Point(tip, high), Point(foot, high)]
        : [Point(low, foot), Point(low, tip), Point(high, tip), Point(high, foot)]
      canvas.bar(corners, in: axes.area, color)
    }
  }

  func drawSwatch(on canvas: inout Canvas, in frame: Rectangle) {
    canvas.rectangle(frame, fill: color)
  }
}

/// Bars over intervals.
struct HistogramMark: Mark {
  /// One more than there are heights.
  let edges: [Double]
  let heights: [Double]
  let label: String
  let color: Color
  let opacity: Double

  func include(in x: inout Extent, _ y: inout Extent) {
    x.include(edges)
    y.include(sticky: 0)
    y.include(heights)
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    let foot = axes.y.position(0) ?? axes.y.start
    for (i, height) in heights.enumerated() where height > 0 {
      guard let a = axes.x.position(edges[i]), let b = axes.x.position(edges[i + 1]),
        let tip = axes.y.position(height)
      else { continue }
      // Neighbours are told apart by a line of light, where there is room.
      let gap = min(1, (b - a) * 0.08)
      canvas.bar(
        [Point(a, foot), Point(a, tip), Point(b - gap, tip), Point(b - gap, foot)], in: axes.area,
        color, opacity: opacity)
    }
  }

  func drawSwatch(on canvas: inout Canvas, in frame: Rectangle) {
    canvas.rectangle(frame, fill: color, opacity: opacity)
  }
}

extension Canvas {
  fileprivate mutating func bar(
    _ corners: [Point], in area: Rectangle, _ color: Color, opacity: Double = 1
  ) {
    let seen = area.clipped(polygon: corners)
    let (xs, ys) = (seen.map(\.x), seen.map(\.y))
    guard let left = xs.min(), let right = xs.max(), let top = ys.min(), let bottom = ys.max(),
      bottom > top, right > left
    else { return }
    rectangle(
      Rectangle(x: left, y: top, width: right - left, height: bottom - top), fill: color,
      opacity: opacity)
  }
}

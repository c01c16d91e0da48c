/// The shape of a point.
public enum Marker: Sendable, Hashable, CaseIterable {
  case circle, square, triangle, diamond, cross, plus

  /// - Parameter size: about the diameter, in pixels.
  func draw(
    _ points: [Point], size: Double, _ color: Color, opacity: Double, on canvas: inout Canvas
  ) {
    guard !points.isEmpty else { return }
    let r = size / 2
    switch self {
    case .circle:
      canvas.group(fill: color, opacity: opacity) { canvas in
        for point in points { canvas.circle(point, radius: r) }
      }
    case .square, .triangle, .diamond:
      // Areas about that of the circle.
      let corners: [(Double, Double)] =
        switch self {
        case .square: [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
        case .triangle: [(0, -1.3), (1.15, 0.8), (-1.15, 0.8)]
        default: [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)]
        }
      canvas.group(fill: color, opacity: opacity) { canvas in
        for p in points {
          canvas.path(corners.map { Point(p.x + $0.0 * r, p.y + $0.1 * r) }, closed: true)
        }
      }
    case .cross, .plus:
      let a = self == .cross ? 0.85 : 1.1
      let arms =
        self == .cross ? [(-a, -a, a, a), (-a, a, a, -a)] : [(-a, 0, a, 0), (0, -a, 0, a)]
      let width = min(max(size * 0.24, 1.2), 2.4)
      canvas.group(stroke: .init(color, width: width, opacity: opacity)) { canvas in
        for p in points {
          for (x1, y1, x2, y2) in arms {
            canvas.path([
              Point(p.x + x1 * r, p.y + y1 * r), Point(p.x + x2 * r, p.y + y2 * r),
            ])
          }
        }
      }
    }
  }
}

/// Points without a line.
struct ScatterMark: Mark {
  let x, y: [Double]
  let label: String
  let color: Color
  let marker: Marker
  let size: Double
  let opacity: Double

  func include(in x: inout Extent, _ y: inout Extent) {
    for (a, b) in zip(self.x, self.y) where a.isFinite && b.isFinite {
      x.include(a)
      y.include(b)
    }
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    var points = axes.runs(x, y).joined().filter(axes.area.contains)
    if points.count > 5000 {
      // One of those that fall into a quarter of a square pixel hides the others.
      var seen: Set<Point> = []
      points = points.filter {
        seen.insert(Point(($0.x * 2).rounded(), ($0.y * 2).rounded())).inserted
      }
    }
    marker.draw(points, size: size, color, opacity: opacity, on: &canvas)
  }

  func drawSwatch(on canvas: inout Canvas, in frame: Rectangle) {
    marker.draw(
      [frame.center], size: min(max(size, 5), 10), color, opacity: max(opacity, 0.8), on: &canvas)
  }
}

/// Vertical lines from below to above each point.
struct ErrorBarMark: Mark {
  let x, lower, upper: [Double]
  let color: Color

  func include(in x: inout Extent, _ y: inout Extent) {
    x.include(self.x)
    y.include(lower)
    y.include(upper)
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    canvas.group(stroke: .init(color, width: 1.2)) { canvas in
      for i in x.indices {
        guard let low = axes.point(x[i], lower[i]), let high = axes.point(x[i], upper[i]),
          let (a, b) = axes.area.clipped(low, high)
        else { continue }
        canvas.path([a, b])
        for end in [a, b] where end == low || end == high {
          for piece in axes.area.clipped([Point(end.x - 3, end.y), Point(end.x + 3, end.y)]) {
            canvas.path(piece)
          }
        }
      }
    }
  }
}

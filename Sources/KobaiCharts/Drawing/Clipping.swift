// Shapes are cut here rather than by the viewer: an SVG clip path needs an id, and ids of several
// pictures collide in one HTML page.

extension Rectangle {
  /// The part of a line from `a` to `b` inside the rectangle (Liang and Barsky 1984).
  func clipped(_ a: Point, _ b: Point) -> (Point, Point)? {
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    var (start, end) = (0.0, 1.0)
    let sides = [
      (-dx, a.x - left), (dx, right - a.x), (-dy, a.y - top), (dy, bottom - a.y),
    ]
    for (slope, distance) in sides {
      if slope == 0 {
        if distance < 0 { return nil }
      } else if slope < 0 {
        start = max(start, distance / slope)
      } else {
        end = min(end, distance / slope)
      }
    }
    guard start <= end else { return nil }
    func point(_ t: Double) -> Point {
      // Rounding must not push the point over the border.
      Point(min(max(a.x + t * dx, left), right), min(max(a.y + t * dy, top), bottom))
    }
    return (start == 0 ? a : point(start), end == 1 ? b : point(end))
  }

  /// The pieces of a line through `points` inside the rectangle.
  func clipped(_ points: [Point]) -> [[Point]] {
    var pieces: [[Point]] = []
    var piece: [Point] = []
    for (a, b) in zip(points, points.dropFirst()) {
      guard let (from, to) = clipped(a, b) else {
        if piece.count > 1 { pieces.append(piece) }
        piece = []
        continue
      }
      if piece.last != from {
        if piece.count > 1 { pieces.append(piece) }
        piece = [from]
      }
      piece.append(to)
    }
    if piece.count > 1 { pieces.append(piece) }
    return pieces
  }

  /// The part of a polygon inside the rectangle (Sutherland and Hodgman 1974).
  func clipped(polygon: [Point]) -> [Point] {
    var points = polygon
    func cut(_ distance: (Point) -> Double) {
      guard let last = points.last else { return }
      var result: [Point] = []
      var previous = last
      for point in points {
        let (before, now) = (distance(previous), distance(point))
        if (before < 0) != (now < 0) {
          let t = before / (before - now)
          result.append(
            Point(
              previous.x + t * (point.x - previous.x), previous.y + t * (point.y - previous.y)))
        }
        if now >= 0 { result.append(point) }
        previous = point
      }
      points = result
    }
    cut { $0.x - left }
    cut { right - $0.x }
    cut { $0.y - top }
    cut { bottom - $0.y }
    return points.map { Point(min(max($0.x, left), right), min(max($0.y, top), bottom)) }
  }
}

/// Contour lines of a function.
struct ContourMark: Mark {
  let lines: ContourLines
  let levels: [Double]
  let xRange, yRange: ClosedRange<Double>
  /// nil: each level its own, from viridis.
  let color: Color?

  func include(in x: inout Extent, _ y: inout Extent) {
    for end in [xRange.lowerBound, xRange.upperBound] { x.include(sticky: end) }
    for end in [yRange.lowerBound, yRange.upperBound] { y.include(sticky: end) }
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    var numbers: [(text: String, at: Point, room: Rectangle, color: Color)] = []
    for (i, level) in levels.enumerated() {
      let color = self.color ?? Self.color(i, of: levels.count)
      let text = Numerals.rounded(level)
      let width = TextMetrics.width(text, size: 9.5)
      for line in lines.lines(at: level) {
        let points = line.compactMap { axes.point(x($0.x), y($0.y)) }
        for piece in axes.area.clipped(points) {
          canvas.path(piece, stroke: .init(color, width: 1.1, opacity: 0.9))
          guard let place = Self.placeOfNumber(piece, width: width, in: axes.area) else { continue }
          let room = Rectangle(
            x: place.x - width / 2 - 4, y: place.y - 8, width: width + 8, height: 16)
          if numbers.contains(where: { $0.room.intersects(room) }) { continue }
          numbers.append((text, place, room, color))
        }
      }
    }
    for number in numbers {
      canvas.text(
        number.text, at: Point(number.at.x, number.at.y + 3.3), size: 9.5, anchor: .middle,
        color: .muted, halo: true)
    }
  }

  private func x(_ cell: Double) -> Double { Self.between(xRange, cell, lines.columns) }
  private func y(_ cell: Double) -> Double { Self.between(yRange, cell, lines.rows) }

  private static func between(
    _ range: ClosedRange<Double>, _ cell: Double, _ count: Int
  ) -> Double {
    let t = cell / Double(count - 1)
    return range.lowerBound * (1 - t) + range.upperBound * t
  }

  /// The ends of viridis do not stand out from dark and light paper.
  private static func color(_ number: Int, of count: Int) -> Color {
    let t = count > 1 ? Double(number) / Double(count - 1) : 0.5
    return Color(
      light: ColorMap.viridis.color(at: 0.02 + 0.78 * t),
      dark: ColorMap.viridis.color(at: 0.3 + 0.7 * t))
  }

  /// The highest point of a line that is long enough to carry a number and far enough from the border.
  private static func placeOfNumber(
    _ line: [Point], width: Double, in area: Rectangle
  ) -> Point? {
    var length = 0.0
    for (a, b) in zip(line, line.dropFirst()) {
      length += ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot()
    }
    guard length > 6 * width + 60 else { return nil }
    let inner = area.inset(left: width / 2 + 4, top: 9, right: width / 2 + 4, bottom: 9)
    let middle = line[line.count / 2]
    if inner.contains(middle) { return middle }
    return line.filter(inner.contains).min { ($0.y, $0.x) < ($1.y, $1.x) }
  }
}

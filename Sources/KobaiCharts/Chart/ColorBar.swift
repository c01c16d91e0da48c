/// What the colours of a grid mean, right of it.
struct ColorBar {
  private let mark: GridMark
  private static let (gap, thickness) = (12.0, 12.0)

  init(_ mark: GridMark) { self.mark = mark }

  private func ticks(limit: Int) -> TickSet {
    let (low, high) = (mark.colorRange.lowerBound, mark.colorRange.upperBound)
    if low == high {
      var one = TickSet()
      one.major = [.init(value: low, label: Numerals.rounded(low))]
      return one
    }
    return TickSet(.automatic, mark.colorRange, .linear, limit: limit)
  }

  var width: Double {
    let set = ticks(limit: 6)
    let widest =
      (set.major.map(\.label) + [set.factor])
      .map { TextMetrics.width($0, size: ChartLayout.tickSize) }.max() ?? 0
    return Self.gap + Self.thickness + 7 + widest + (mark.caption.isEmpty ? 0 : 18)
  }

  func draw(on canvas: inout Canvas, beside area: Rectangle) {
    let bar = Rectangle(
      x: area.right + Self.gap, y: area.y, width: Self.thickness, height: area.height)
    canvas.image(
      PixelImage((0..<256).map { Double(255 - $0) / 255 }, width: 1, height: 256, mark.colors),
      in: bar, smooth: true)
    canvas.rectangle(bar, stroke: .init(.frame))
    let limit = min(Int(area.height / 38) + 1, 6)
    let set = ticks(limit: limit)
    let axis = Axis(
      mark.colorRange.lowerBound < mark.colorRange.upperBound
        ? mark.colorRange : (mark.colorRange.lowerBound - 1)...(mark.colorRange.lowerBound + 1),
      .linear, start: bar.bottom, end: bar.top)
    for tick in set.major {
      guard let y = axis.position(tick.value) else { continue }
      canvas.line(Point(bar.right, y), Point(bar.right + 3, y), .init(.frame))
      canvas.text(
        tick.label, at: Point(bar.right + 6, y + 3.9), size: ChartLayout.tickSize, color: .muted)
    }
    canvas.text(
      set.factor, at: Point(bar.left, bar.bottom + 15), size: ChartLayout.tickSize, color: .muted)
    let caption = TextMetrics.truncated(
      mark.caption, size: ChartLayout.labelSize, to: max(area.height, 40))
    canvas.text(
      caption, at: Point(area.right + width - 4, area.center.y), size: ChartLayout.labelSize,
      anchor: .middle, color: .muted, rotation: -90)
  }
}

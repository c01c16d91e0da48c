/// Numbers in a grid of cells, shown as colours.
struct GridMark: Mark {
  /// Row after row, the first on top.
  let values: [Double]
  let rows, columns: Int
  let xRange, yRange: ClosedRange<Double>
  let colors: ColorMap
  /// The numbers at the ends of the colours.
  let colorRange: ClosedRange<Double>
  /// Beside the colour bar, not in the legend.
  let caption: String
  let smooth: Bool

  func include(in x: inout Extent, _ y: inout Extent) {
    for end in [xRange.lowerBound, xRange.upperBound] { x.include(sticky: end) }
    for end in [yRange.lowerBound, yRange.upperBound] { y.include(sticky: end) }
  }

  func fraction(_ value: Double) -> Double {
    let (low, high) = (colorRange.lowerBound, colorRange.upperBound)
    if value.isInfinite { return value < 0 ? 0 : 1 }
    return low < high ? (value / 2 - low / 2) / (high / 2 - low / 2) : value.isNaN ? .nan : 0.5
  }

  func draw(on canvas: inout Canvas, _ axes: Axes) {
    guard rows > 0, columns > 0 else { return }
    // Row 0 lies at the upper end of the picture, which an inverted axis puts at its lower number.
    let isInverted = axes.y.end > axes.y.start
    let (first, last) =
      isInverted
      ? (yRange.lowerBound, yRange.upperBound) : (yRange.upperBound, yRange.lowerBound)
    let isWhole =
      axes.x.scale == .linear && axes.y.scale == .linear
      && contains(axes.x.range, xRange) && contains(axes.y.range, yRange)
    if isWhole, let a = axes.point(xRange.lowerBound, first),
      let b = axes.point(xRange.upperBound, last)
    {
      canvas.image(
        PixelImage(values.map(fraction), width: columns, height: rows, colors),
        in: Rectangle(x: a.x, y: a.y, width: b.x - a.x, height: b.y - a.y), smooth: smooth)
      return
    }
    drawCells(on: &canvas, axes, first: first, last: last)
  }

  /// On other axes, and where some are cut off, each cell is a rectangle.
  private func drawCells(on canvas: inout Canvas, _ axes: Axes, first: Double, last: Double) {
    func edge(_ i: Int, of count: Int, _ from: Double, _ to: Double) -> Double {
      from + (to - from) * Double(i) / Double(count)
    }
    for row in 0..<rows {
      for column in 0..<columns {
        let value = fraction(values[row * columns + column])
        let left = edge(column, of: columns, xRange.lowerBound, xRange.upperBound)
        let right = edge(column + 1, of: columns, xRange.lowerBound, xRange.upperBound)
        guard !value.isNaN, let a = axes.point(left, edge(row, of: rows, first, last)),
          let b = axes.point(right, edge(row + 1, of: rows, first, last))
        else { continue }
        let cell = axes.area.clipped(polygon: [a, Point(b.x, a.y), b, Point(a.x, b.y)])
        canvas.path(cell, closed: true, fill: colors.color(at: value))
      }
    }
  }

  private func contains(_ outer: ClosedRange<Double>, _ inner: ClosedRange<Double>) -> Bool {
    outer.lowerBound <= inner.lowerBound && inner.upperBound <= outer.upperBound
  }
}

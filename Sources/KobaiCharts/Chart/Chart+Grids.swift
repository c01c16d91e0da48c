import KobaiTensor

extension Chart {
  /// A matrix as coloured cells, the first row on top, with a colour bar.
  ///
  ///     chart.imshow([[0, 1], [2, 3]])
  ///
  /// - Parameters:
  ///   - x: where the columns begin and end; nil: cell j from j − ½ to j + ½, cells are squares.
  ///   - y: where the rows end and begin, upwards; nil: row i at i, growing downwards.
  ///   - range: the numbers at the ends of the colours, nil for the least and greatest.
  ///   - label: beside the colour bar.
  public mutating func imshow(
    _ rows: [[Double]], x: ClosedRange<Double>? = nil, y: ClosedRange<Double>? = nil,
    colors: ColorMap = .viridis, range: ClosedRange<Double>? = nil, label: String = ""
  ) {
    let columns = rows.first?.count ?? 0
    if let odd = rows.first(where: { $0.count != columns }) {
      return misuse(
        "imshow: rows must have equal lengths, but one has \(columns) and another \(odd.count) "
          + "numbers; pad the shorter with NaN", else: ())
    }
    addGrid(
      Array(rows.joined()), rows: rows.count, columns: columns, x: x, y: y, colors: colors,
      range: range, label: label)
  }

  /// A function of two numbers as colours.
  ///
  /// - Parameter resolution: at how many places along each axis the function is asked.
  public mutating func heatmap(
    x: ClosedRange<Double>, y: ClosedRange<Double>, resolution: Int = 100,
    colors: ColorMap = .viridis, range: ClosedRange<Double>? = nil, label: String = "",
    _ f: (_ x: Double, _ y: Double) -> Double
  ) {
    let count = max(resolution, 1)
    func center(_ i: Int, _ range: ClosedRange<Double>) -> Double {
      let t = (Double(i) + 0.5) / Double(count)
      return range.lowerBound * (1 - t) + range.upperBound * t
    }
    let values = (0..<count).flatMap { row in
      (0..<count).map { column in f(center(column, x), center(count - 1 - row, y)) }
    }
    addGrid(
      values, rows: count, columns: count, x: x, y: y, colors: colors, range: range, label: label,
      smooth: true)
  }

  mutating func addGrid(
    _ values: [Double], rows: Int, columns: Int, x: ClosedRange<Double>?, y: ClosedRange<Double>?,
    colors: ColorMap, range: ClosedRange<Double>?, label: String, smooth: Bool = false
  ) {
    guard rows > 0, columns > 0 else { return }
    var extent = Extent()
    extent.include(values)
    let seen = extent.lower <= extent.upper ? extent.lower...extent.upper : 0...1
    if x == nil, y == nil { equalAxes = true }
    if y == nil { invertsY = true }
    marks.append(
      GridMark(
        values: values, rows: rows, columns: columns, xRange: x ?? -0.5...(Double(columns) - 0.5),
        yRange: y ?? -0.5...(Double(rows) - 0.5), colors: colors, colorRange: range ?? seen,
        caption: label, smooth: smooth))
    grid = false
  }

  /// Lines on which a function of two numbers is constant.
  ///
  ///     chart.contour(x: -10...10, y: -2...2, levels: .logarithmic(8)) { x, y in
  ///       x * x / 4 + 16 * y * y
  ///     }
  ///     chart.plot(xs, ys, label: "gradient descent", marker: .circle)
  ///
  /// - Parameters:
  ///   - levels: about how many, or which.
  ///   - resolution: at how many places along each axis the function is asked.
  ///   - color: nil: each level its own.
  public mutating func contour(
    x: ClosedRange<Double>, y: ClosedRange<Double>, levels: ContourLevels = 10,
    resolution: Int = 120, color: Color? = nil, _ f: (_ x: Double, _ y: Double) -> Double
  ) {
    let (xs, ys) = (Self.samples(x, resolution), Self.samples(y, resolution))
    addContour(
      ys.flatMap { y in xs.map { x in f(x, y) } }, rows: ys.count, columns: xs.count, x: x, y: y,
      levels: levels, color: color)
  }

  /// Lines on which a matrix is constant; its first row is at the lower end of `y`, as in matplotlib.
  public mutating func contour(
    _ rows: [[Double]], x: ClosedRange<Double>? = nil, y: ClosedRange<Double>? = nil,
    levels: ContourLevels = 10, color: Color? = nil
  ) {
    let columns = rows.first?.count ?? 0
    guard rows.count > 1, columns > 1, rows.allSatisfy({ $0.count == columns }) else {
      return misuse(
        "contour: needs at least 2 rows of one length, at least 2, but \(rows.count) rows of "
          + "\(columns) were given, or rows differ", else: ())
    }
    addContour(
      Array(rows.joined()), rows: rows.count, columns: columns,
      x: x ?? 0...Double(columns - 1), y: y ?? 0...Double(rows.count - 1), levels: levels,
      color: color)
  }

  private mutating func addContour(
    _ values: [Double], rows: Int, columns: Int, x: ClosedRange<Double>, y: ClosedRange<Double>,
    levels: ContourLevels, color: Color?
  ) {
    marks.append(
      ContourMark(
        lines: ContourLines(values: values, rows: rows, columns: columns),
        levels: levels.values(for: values), xRange: x, yRange: y, color: color))
    grid = false
  }
}

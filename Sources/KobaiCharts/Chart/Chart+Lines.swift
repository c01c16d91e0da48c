extension Chart {
  /// A line through the points (x, y).
  ///
  ///     chart.plot(1...3, [0.9, 0.5, 0.4], label: "train", marker: .circle)
  ///
  /// - Parameters:
  ///   - label: the name in the legend; empty for none.
  ///   - color: nil for the next colour of the palette.
  ///   - width: of the line, in pixels; 0 draws markers only.
  public mutating func plot(
    _ x: some PlotData, _ y: some PlotData, label: String = "", color: Color? = nil,
    dash: Dash = .solid, marker: Marker? = nil, width: Double = 1.8
  ) {
    let (x, y) = Self.checked("plot", x.plotValues, y.plotValues)
    let dash = nextDash(dash, color)
    let stroke = Canvas.Stroke(next(color), width: width, dash: dash)
    marks.append(LineMark(x: x, y: y, label: label, stroke: stroke, marker: marker))
  }

  /// A line through the points (0, y₀), (1, y₁) …
  public mutating func plot(
    _ y: some PlotData, label: String = "", color: Color? = nil, dash: Dash = .solid,
    marker: Marker? = nil, width: Double = 1.8
  ) {
    let y = y.plotValues
    plot(
      0..<y.count, y, label: label, color: color, dash: dash, marker: marker, width: width)
  }

  /// The graph of a function.
  ///
  ///     chart.plot(0...1, label: "x²") { $0 * $0 }
  ///
  /// - Parameter samples: at how many equally distant numbers the function is asked.
  public mutating func plot(
    _ x: ClosedRange<Double>, samples: Int = 200, label: String = "", color: Color? = nil,
    dash: Dash = .solid, width: Double = 1.8, _ f: (Double) -> Double
  ) {
    let x = Self.samples(x, samples)
    plot(x, x.map(f), label: label, color: color, dash: dash, width: width)
  }

  /// Points without a line.
  ///
  /// - Parameters:
  ///   - size: about the diameter, in pixels.
  ///   - opacity: below 1, crowds of points look denser.
  public mutating func scatter(
    _ x: some PlotData, _ y: some PlotData, label: String = "", color: Color? = nil,
    marker: Marker = .circle, size: Double = 6, opacity: Double = 0.8
  ) {
    let (x, y) = Self.checked("scatter", x.plotValues, y.plotValues)
    marks.append(
      ScatterMark(
        x: x, y: y, label: label, color: next(color), marker: marker, size: size,
        opacity: opacity))
  }

  /// Points of several classes: each has its colour and shape, and a place in the legend.
  ///
  ///     chart.scatter(heights, weights, classes: species, names: ["Adelie", "Gentoo"])
  ///
  /// - Parameters:
  ///   - classes: the number of each point's class, from 0.
  ///   - names: of the classes; where there is none, the number.
  public mutating func scatter(
    _ x: some PlotData, _ y: some PlotData, classes: [Int], names: [String] = [],
    size: Double = 6, opacity: Double = 0.8
  ) {
    let (x, y) = Self.checked("scatter", x.plotValues, y.plotValues)
    let count = min(x.count, classes.count)
    Self.check("scatter", "points", x.count, "classes", classes.count)
    for number in Set(classes).sorted() {
      let members = (0..<count).filter { classes[$0] == number }
      // Eight colours times six shapes before two classes look the same.
      let shape = Marker.allCases[Int(number.magnitude / 8 % 6)]
      marks.append(
        ScatterMark(
          x: members.map { x[$0] }, y: members.map { y[$0] },
          label: names.indices.contains(number) ? names[number] : "\(number)",
          color: .series(number), marker: shape, size: size, opacity: opacity))
    }
  }

  /// Points with vertical bars from y − error to y + error.
  public mutating func errorbar(
    _ x: some PlotData, _ y: some PlotData, error: some PlotData, label: String = "",
    color: Color? = nil
  ) {
    let (x, y) = Self.checked("errorbar", x.plotValues, y.plotValues)
    let errors = error.plotValues
    Self.check("errorbar", "points", x.count, "errors", errors.count)
    let count = min(x.count, errors.count)
    let color = next(color)
    marks.append(
      ErrorBarMark(
        x: Array(x.prefix(count)), lower: (0..<count).map { y[$0] - errors[$0] },
        upper: (0..<count).map { y[$0] + errors[$0] }, color: color))
    marks.append(
      ScatterMark(
        x: x, y: y, label: label, color: color, marker: .circle, size: 6, opacity: 1))
  }

  /// The area between two curves, for example of a Gaussian process' mean ± two deviations.
  public mutating func fillBetween(
    _ x: some PlotData, _ lower: some PlotData, _ upper: some PlotData, label: String = "",
    color: Color? = nil, opacity: Double = 0.2
  ) {
    let (x, low) = Self.checked("fillBetween", x.plotValues, lower.plotValues)
    let high = upper.plotValues
    Self.check("fillBetween", "points", x.count, "upper values", high.count)
    let count = min(x.count, high.count)
    marks.append(
      BandMark(
        x: Array(x.prefix(count)), lower: Array(low.prefix(count)),
        upper: Array(high.prefix(count)), label: label, color: next(color), opacity: opacity))
  }

  /// A horizontal line across the chart.
  public mutating func axhline(
    _ y: Double, label: String = "", color: Color = .muted, dash: Dash = .dashed,
    width: Double = 1.2
  ) {
    marks.append(
      ReferenceMark(
        value: y, isHorizontal: true, label: label,
        stroke: .init(color, width: width, dash: dash)))
  }

  /// A vertical line across the chart.
  public mutating func axvline(
    _ x: Double, label: String = "", color: Color = .muted, dash: Dash = .dashed,
    width: Double = 1.2
  ) {
    marks.append(
      ReferenceMark(
        value: x, isHorizontal: false, label: label,
        stroke: .init(color, width: width, dash: dash)))
  }

  /// A text beside the point (x, y).
  public mutating func text(
    _ x: Double, _ y: Double, _ text: String, color: Color = .ink
  ) {
    marks.append(TextMark(x: x, y: y, text: text, color: color))
  }
}

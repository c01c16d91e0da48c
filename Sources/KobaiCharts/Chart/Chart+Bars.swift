extension Chart {
  /// Bars above names. Further calls put theirs beside them.
  ///
  ///     chart.bar(["MNIST", "CIFAR-10"], [0.99, 0.87], label: "ours")
  ///     chart.bar(["MNIST", "CIFAR-10"], [0.98, 0.85], label: "baseline")
  public mutating func bar(
    _ names: [String], _ heights: some PlotData, label: String = "", color: Color? = nil
  ) {
    addBars("bar", names, heights.plotValues, label, color, isHorizontal: false)
  }

  /// Bars right of names, the first name on top. Further calls put theirs beside them.
  public mutating func barh(
    _ names: [String], _ lengths: some PlotData, label: String = "", color: Color? = nil
  ) {
    addBars("barh", names, lengths.plotValues, label, color, isHorizontal: true)
  }

  private mutating func addBars(
    _ call: String, _ names: [String], _ values: [Double], _ label: String, _ color: Color?,
    isHorizontal: Bool
  ) {
    Self.check(call, "names", names.count, "values", values.count)
    var places: [Double] = []
    // A name that occurs twice in one call has two bars.
    var taken: Set<Int> = []
    for name in names {
      let known = self.names.indices.first { self.names[$0] == name && !taken.contains($0) }
      if known == nil { self.names.append(name) }
      let place = known ?? self.names.count - 1
      taken.insert(place)
      places.append(Double(place))
    }
    hasHorizontalBars = isHorizontal
    if isHorizontal { invertsY = true }
    marks.append(
      BarMark(
        places: places, values: values, group: barGroups, isHorizontal: isHorizontal, label: label,
        color: next(color)))
    barGroups += 1
  }

  /// How many of the numbers fall into each of `bins` equal intervals.
  ///
  /// - Parameters:
  ///   - bins: nil for the greater of Sturges' and Freedman and Diaconis' choice, as numpy's "auto".
  ///   - range: of the intervals together, nil for the data's; numbers outside are left out.
  ///   - density: divides by the count and the width, so that the area is 1.
  public mutating func hist(
    _ values: some PlotData, bins: Int? = nil, range: ClosedRange<Double>? = nil,
    density: Bool = false, label: String = "", color: Color? = nil, opacity: Double = 0.75
  ) {
    let histogram = Histogram(values.plotValues, bins: bins, range: range, density: density)
    marks.append(
      HistogramMark(
        edges: histogram.edges, heights: histogram.heights, label: label, color: next(color),
        opacity: opacity))
  }
}

/// Where the parts of a chart stand, and the drawing of them.
struct ChartLayout {
  static let (padding, titleSize, labelSize, tickSize) = (12.0, 14.0, 12.0, 11.0)
  let chart: Chart
  let xRange, yRange: ClosedRange<Double>
  let legend: LegendLayout
  private let colorBar: ColorBar?

  init(_ chart: Chart) {
    self.chart = chart
    var (x, y) = (Extent(), Extent())
    for mark in chart.marks { mark.include(in: &x, &y) }
    xRange = Self.range(chart.xRange, x, chart.xScale)
    yRange = Self.range(chart.yRange, y, chart.yScale)
    legend = LegendLayout(chart.legend == .hidden ? [] : chart.marks.filter { !$0.label.isEmpty })
    colorBar = chart.marks.lazy.compactMap { $0 as? GridMark }.first.map(ColorBar.init)
  }

  private static func range(
    _ wanted: ClosedRange<Double>?, _ seen: Extent, _ scale: Scale
  ) -> ClosedRange<Double> {
    let fallback = seen.range(scale)
    guard let wanted, wanted.lowerBound.isFinite, wanted.upperBound.isFinite else {
      return fallback
    }
    if scale == .log {
      guard wanted.upperBound > 0 else { return fallback }
      let low =
        wanted.lowerBound > 0
        ? wanted.lowerBound : min(fallback.lowerBound, wanted.upperBound / 1000)
      return low < wanted.upperBound ? low...wanted.upperBound : (low / 3)...(low * 3)
    }
    let (low, high) = Extent.separated(
      max(wanted.lowerBound, -1e300), min(wanted.upperBound, 1e300))
    return low...high
  }

  // MARK: Size

  func height(_ width: Double) -> Double {
    let header = headerHeight(width)
    // Narrow charts need their height for the labels.
    guard chart.equalAxes else { return header + max(width * chart.aspect, min(width, 190)) }
    // The height of the plot decides about the labels on its left, these about its width; one round
    // of that is near enough, as drawing keeps the ratio in any frame.
    var free = chart
    free.equalAxes = false
    let frame = Rectangle(x: 0, y: 0, width: width, height: header + width)
    var area = ChartLayout(free).place(in: frame).area
    let ratio = (yRange.upperBound - yRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
    let rest = header + width - area.height
    area.height = min(max(area.width * ratio, 40), width * 1.2)
    return rest + area.height
  }

  private func titleLines(_ width: Double) -> [String] {
    TextMetrics.wrapped(
      chart.title, size: Self.titleSize, to: width - 2 * Self.padding, bold: true)
  }

  private func headerHeight(_ width: Double) -> Double {
    var height = Self.padding + Double(titleLines(width).count) * 18
    if !chart.title.isEmpty { height += 4 }
    if chart.legend == .top { height += legend.height(width - 2 * Self.padding) }
    return height
  }

  // MARK: Places

  struct Placement {
    var area: Rectangle
    var xTicks, yTicks: TickSet
    var xLabels: AxisLabels
    var left: Double
  }

  func place(in frame: Rectangle) -> Placement {
    let pad = Self.padding
    var body = frame.inset(top: headerHeight(frame.width))
    if chart.legend == .right, !legend.isEmpty {
      body.width -= min(legend.width, frame.width * 0.4) + pad
    }
    let xKind = kind(chart.xTicks, names: !chart.hasHorizontalBars)
    let yKind = kind(chart.yTicks, names: chart.hasHorizontalBars)
    let provisional = max(body.height - 50, 40)
    let yTicks = TickSet(yKind, yRange, chart.yScale, limit: Int(provisional / 38) + 1)
    let widest = yTicks.major.map { TextMetrics.width($0.label, size: Self.tickSize) }.max() ?? 0
    var left = pad + min(widest, frame.width * 0.33) + (widest > 0 ? 8 : 4)
    if !chart.yLabel.isEmpty { left += 18 }
    var right = pad + (colorBar?.width ?? 0)
    var labels = AxisLabels()
    var xTicks = TickSet()
    // Labels that stand out on the right or left make the plot narrower, which moves them.
    for _ in 0..<2 {
      let width = max(body.width - left - right, 20)
      let axis = xAxis(from: 0, to: width)
      (xTicks, labels) = AxisLabels.fitting(xKind, axis)
      left = max(left, pad / 2 + labels.overhangLeft(axis))
      right = max(right, pad / 2 + labels.overhangRight(axis))
    }
    let top = yTicks.factor.isEmpty ? 8.0 : 18
    var bottom = pad + labels.height
    if !chart.xLabel.isEmpty || !xTicks.factor.isEmpty { bottom += 18 }
    var area = body.inset(left: left, top: top, right: right, bottom: bottom)
    area.width = max(area.width, 20)
    area.height = max(area.height, 20)
    if chart.equalAxes { area = squared(area) }
    let y = TickSet(yKind, yRange, chart.yScale, limit: Int(area.height / 38) + 1)
    let axis = xAxis(from: area.left, to: area.right)
    if chart.equalAxes { (xTicks, labels) = AxisLabels.fitting(xKind, axis) }
    labels.move(to: axis)
    return Placement(area: area, xTicks: xTicks, yTicks: y, xLabels: labels, left: left)
  }

  /// The largest part of the area in which both axes have one scale.
  private func squared(_ area: Rectangle) -> Rectangle {
    let ratio = (yRange.upperBound - yRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
    guard ratio.isFinite, ratio > 0 else { return area }
    let width = min(area.width, area.height / ratio)
    return Rectangle(
      x: area.x + (area.width - width) / 2, y: area.y, width: max(width, 8),
      height: max(width * ratio, 8))
  }

  private func kind(_ ticks: Ticks, names: Bool) -> Ticks {
    ticks == .automatic && names && !chart.names.isEmpty ? .names(chart.names) : ticks
  }

  private func xAxis(from: Double, to: Double) -> Axis {
    Axis(xRange, chart.xScale, start: from, end: to)
  }

  // MARK: Drawing

  func draw(on canvas: inout Canvas, in frame: Rectangle) {
    let placement = place(in: frame)
    let area = placement.area
    let y =
      chart.invertsY
      ? Axis(yRange, chart.yScale, start: area.top, end: area.bottom)
      : Axis(yRange, chart.yScale, start: area.bottom, end: area.top)
    let axes = Axes(
      x: xAxis(from: area.left, to: area.right), y: y, area: area, barGroups: chart.barGroups)
    drawHeader(on: &canvas, frame)
    if chart.grid { drawGrid(on: &canvas, placement, axes) }
    for mark in chart.marks { mark.draw(on: &canvas, axes) }
    drawFrame(on: &canvas, area, isClosed: colorBar != nil)
    drawXAxis(on: &canvas, placement, frame)
    drawYAxis(on: &canvas, placement, axes, frame)
    colorBar?.draw(on: &canvas, beside: area)
    if chart.legend == .right, !legend.isEmpty {
      let width = min(legend.width, frame.width * 0.4)
      legend.drawColumn(
        on: &canvas,
        in: Rectangle(
          x: frame.right - Self.padding - width, y: area.top, width: width, height: area.height))
    }
  }

  private func drawHeader(on canvas: inout Canvas, _ frame: Rectangle) {
    var y = frame.top + Self.padding
    for line in titleLines(frame.width) {
      canvas.text(
        line, at: Point(frame.left + Self.padding, y + 12), size: Self.titleSize, bold: true)
      y += 18
    }
    if !chart.title.isEmpty { y += 4 }
    if chart.legend == .top {
      legend.drawRows(
        on: &canvas, at: Point(frame.left + Self.padding, y), width: frame.width - 2 * Self.padding)
    }
  }

  private func drawGrid(on canvas: inout Canvas, _ placement: Placement, _ axes: Axes) {
    let area = placement.area
    let isNamed = chart.barGroups > 0
    canvas.group(stroke: .init(.grid)) { canvas in
      // Bars need no lines along themselves.
      if !isNamed || chart.hasHorizontalBars {
        for tick in placement.xTicks.major {
          guard let x = axes.x.position(tick.value) else { continue }
          canvas.path([Point(x, area.bottom), Point(x, area.top)])
        }
      }
      if !isNamed || !chart.hasHorizontalBars {
        for tick in placement.yTicks.major {
          guard let y = axes.y.position(tick.value) else { continue }
          canvas.path([Point(area.left, y), Point(area.right, y)])
        }
      }
    }
  }

  private func drawFrame(on canvas: inout Canvas, _ area: Rectangle, isClosed: Bool) {
    var corners = [
      Point(area.left, area.top), Point(area.left, area.bottom), Point(area.right, area.bottom),
    ]
    if isClosed { corners.append(Point(area.right, area.top)) }
    canvas.path(corners, closed: isClosed, stroke: .init(.frame))
  }

  private func drawXAxis(
    on canvas: inout Canvas, _ placement: Placement, _ frame: Rectangle
  ) {
    let area = placement.area
    let axis = xAxis(from: area.left, to: area.right)
    canvas.group(stroke: .init(.frame)) { canvas in
      for (value, length) in placement.xTicks.major.map({ ($0.value, 4.0) })
        + placement.xTicks.minor.map({ ($0, 2.5) })
      {
        guard let x = axis.position(value) else { continue }
        canvas.path([Point(x, area.bottom), Point(x, area.bottom + length)])
      }
    }
    placement.xLabels.draw(on: &canvas, below: area.bottom)
    let y = area.bottom + placement.xLabels.height + 14
    let factor = placement.xTicks.factor
    if !factor.isEmpty {
      canvas.text(
        factor, at: Point(area.right, y), size: Self.tickSize, anchor: .end, color: .muted)
    }
    let label = TextMetrics.truncated(
      chart.xLabel, size: Self.labelSize, to: frame.width - 2 * Self.padding)
    // Centred below the plot, unless it is too long for that.
    let half = TextMetrics.width(label, size: Self.labelSize) / 2
    let x = min(
      max(area.center.x, frame.left + Self.padding + half), frame.right - Self.padding - half)
    canvas.text(label, at: Point(x, y), size: Self.labelSize, anchor: .middle, color: .muted)
  }

  private func drawYAxis(
    on canvas: inout Canvas, _ placement: Placement, _ axes: Axes, _ frame: Rectangle
  ) {
    let area = placement.area
    canvas.group(stroke: .init(.frame)) { canvas in
      for (value, length) in placement.yTicks.major.map({ ($0.value, 4.0) })
        + placement.yTicks.minor.map({ ($0, 2.5) })
      {
        guard let y = axes.y.position(value) else { continue }
        canvas.path([Point(area.left - length, y), Point(area.left, y)])
      }
    }
    var previous: Double?
    for tick in placement.yTicks.major {
      guard let y = axes.y.position(tick.value) else { continue }
      if let previous, abs(previous - y) < Self.tickSize + 1 { continue }
      previous = y
      let text = TextMetrics.truncated(tick.label, size: Self.tickSize, to: frame.width * 0.33)
      canvas.text(
        text, at: Point(area.left - 7, y + 3.9), size: Self.tickSize, anchor: .end, color: .muted)
    }
    canvas.text(
      placement.yTicks.factor, at: Point(area.left, area.top - 6), size: Self.tickSize,
      color: .muted)
    let label = TextMetrics.truncated(
      chart.yLabel, size: Self.labelSize, to: max(area.height + 30, 40))
    // Beside the plot, which equal axes may have moved away from the frame.
    let x = max(area.left - placement.left + Self.padding + 10, frame.left + 10)
    canvas.text(
      label, at: Point(x, area.center.y), size: Self.labelSize, anchor: .middle, color: .muted,
      rotation: -90)
  }
}

/// A chart with two axes, in matplotlib's words.
///
///     var chart = Chart(title: "Descent", xLabel: "step", yLabel: "loss")
///     chart.plot(losses, label: "SGD")
///     chart.plot(others, label: "Adam", dash: .dashed)
///     chart.yScale = .log
///     try chart.write(to: "descent.svg")
///
/// Points at NaN, infinity or, on a logarithmic axis, at numbers that are not positive are gaps. A
/// chart without data has empty axes.
public struct Chart: Panel {
  /// Above the chart, broken into lines where it is long; empty for none.
  public var title: String
  /// Below the x axis; empty for none.
  public var xLabel: String
  /// Left of the y axis, upwards; empty for none.
  public var yLabel: String
  /// How numbers are spread along the x axis.
  public var xScale: Scale = .linear
  /// How numbers are spread along the y axis.
  public var yScale: Scale = .linear
  /// The ends of the x axis; nil for the range of the data and a small margin.
  public var xRange: ClosedRange<Double>?
  /// The ends of the y axis; nil for the range of the data and a small margin.
  public var yRange: ClosedRange<Double>?
  /// Which numbers the x axis names.
  public var xTicks: Ticks = .automatic
  /// Which numbers the y axis names.
  public var yTicks: Ticks = .automatic
  /// Where the names of the series stand; it lists those that have a label.
  public var legend: Legend = .top
  /// Lines behind the data at the ticks.
  public var grid = true
  /// Height without title and legend, in widths.
  public var aspect = 0.6
  /// Whether one unit is as long on the x axis as on the y axis; the height follows.
  public var equalAxes = false
  /// Whether numbers on the y axis grow downwards.
  public var invertsY = false

  /// Where the names of the series stand.
  public enum Legend: Sendable, Hashable {
    /// Between title and axes, where it hides no data.
    case top
    /// Right of the axes, below each other.
    case right
    /// Nowhere.
    case hidden
  }

  var marks: [any Mark] = []
  /// The names of bars, in the order of their first appearance.
  var names: [String] = []
  var barGroups = 0
  var hasHorizontalBars = false
  private var colorsUsed = 0

  /// A chart without data, or with what `build` adds.
  ///
  ///     Chart(title: "Loss", xLabel: "epoch") { $0.plot(1...3, [0.9, 0.5, 0.4]) }
  ///
  /// - Parameter build: adds the data.
  public init(
    title: String = "", xLabel: String = "", yLabel: String = "",
    _ build: (inout Chart) -> Void = { _ in }
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    build(&self)
  }

  /// The colour of a new series: the given one, or the next of the palette.
  mutating func next(_ color: Color?) -> Color {
    if let color { return color }
    colorsUsed += 1
    return .series(colorsUsed - 1)
  }

  /// After eight series colours repeat; then the pattern of the line tells them apart.
  func nextDash(_ dash: Dash, _ color: Color?) -> Dash {
    guard color == nil, dash == .solid else { return dash }
    let round = colorsUsed / Color.palette.count
    return Dash.allCases[round % Dash.allCases.count]
  }

  /// `aspect` widths and the room for title and legend; with `equalAxes` what the ranges ask for.
  public func height(forWidth width: Double) -> Double { ChartLayout(self).height(width) }

  /// Draws the chart, its title, legend and axes inside of `frame`.
  public func draw(on canvas: inout Canvas, in frame: Rectangle) {
    ChartLayout(self).draw(on: &canvas, in: frame)
  }
}

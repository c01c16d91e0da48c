/// Numbers to plot: arrays and ranges of numbers, and tensors.
///
///     chart.plot([0.5, 0.25, 0.125])
///     chart.plot(1...3, losses)
public protocol PlotData {
  /// In order. NaN and the infinities are gaps.
  var plotValues: [Double] { get }
}

/// A number that can be plotted.
public protocol PlotNumber {
  /// The nearest `Double`.
  var plotValue: Double { get }
}

extension Double: PlotNumber {
  /// The number.
  public var plotValue: Double { self }
}
extension Float: PlotNumber {
  /// The number.
  public var plotValue: Double { Double(self) }
}
extension Int: PlotNumber {
  /// The number.
  public var plotValue: Double { Double(self) }
}
extension Int32: PlotNumber {
  /// The number.
  public var plotValue: Double { Double(self) }
}
extension Int64: PlotNumber {
  /// The number.
  public var plotValue: Double { Double(self) }
}
extension UInt8: PlotNumber {
  /// The number.
  public var plotValue: Double { Double(self) }
}

extension Array: PlotData where Element: PlotNumber {
  /// The elements in order.
  public var plotValues: [Double] { map(\.plotValue) }
}
extension ArraySlice: PlotData where Element: PlotNumber {
  /// The elements in order.
  public var plotValues: [Double] { map(\.plotValue) }
}
extension Range: PlotData where Bound == Int {
  /// The elements in order.
  public var plotValues: [Double] { map(Double.init) }
}
extension ClosedRange: PlotData where Bound == Int {
  /// The elements in order.
  public var plotValues: [Double] { map(Double.init) }
}

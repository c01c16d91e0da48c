#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// From the numbers of one axis to pixels.
struct Axis: Sendable {
  let range: ClosedRange<Double>
  let scale: Scale
  /// The pixels of the range's lower and upper end.
  let start, end: Double
  private let low, high: Double

  init(_ range: ClosedRange<Double>, _ scale: Scale, start: Double, end: Double) {
    self.range = range
    self.scale = scale
    self.start = start
    self.end = end
    low = scale == .log ? log10(range.lowerBound) : range.lowerBound
    high = scale == .log ? log10(range.upperBound) : range.upperBound
  }

  /// The pixel of a number, which may lie outside of the range; nil if the axis cannot show it.
  func position(_ value: Double) -> Double? {
    guard value.isFinite, scale == .linear || value > 0 else { return nil }
    let place = scale == .log ? log10(value) : value
    // Halves: the difference of two huge numbers of different sign overflows.
    let fraction = (place / 2 - low / 2) / (high / 2 - low / 2)
    let pixel = start + fraction * (end - start)
    return pixel.isNaN ? nil : min(max(pixel, -1e6), 1e6)
  }

  var length: Double { abs(end - start) }
}

/// The two axes of a chart and the rectangle between them.
struct Axes: Sendable {
  let x, y: Axis
  let area: Rectangle
  /// How many calls of `bar` share each name.
  let barGroups: Int

  func point(_ x: Double, _ y: Double) -> Point? {
    guard let px = self.x.position(x), let py = self.y.position(y) else { return nil }
    return Point(px, py)
  }

  /// The points in runs without gaps.
  func runs(_ x: [Double], _ y: [Double]) -> [[Point]] {
    var runs: [[Point]] = []
    var run: [Point] = []
    for (x, y) in zip(x, y) {
      if let point = point(x, y) {
        run.append(point)
      } else if !run.isEmpty {
        runs.append(run)
        run = []
      }
    }
    if !run.isEmpty { runs.append(run) }
    return runs
  }
}

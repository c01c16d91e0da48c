/// A curve in one line of text, for terminals and logs.
///
///     print(Sparkline([0, 1, 2, 3, 2, 1, 0, 7]))   // ▁▂▃▄▃▂▁█
///
/// The lowest number is ▁, the highest █; equal numbers are all ▄. What is not finite is a space.
public struct Sparkline: Sendable, Hashable, CustomStringConvertible {
  /// One character for each number, or for the mean of each of `width` equal parts if there are more.
  public let description: String

  /// - Parameters:
  ///   - width: the most characters, at least 1.
  ///   - range: the numbers shown as ▁ and █, nil for the least and greatest of the means.
  public init(_ values: some PlotData, width: Int = 60, range: ClosedRange<Double>? = nil) {
    let means = Self.means(values.plotValues, count: max(width, 1))
    var extent = Extent()
    extent.include(means)
    let (low, high) = (range?.lowerBound ?? extent.lower, range?.upperBound ?? extent.upper)
    let blocks = Array("▁▂▃▄▅▆▇█")
    description = String(
      means.map { mean -> Character in
        guard mean.isFinite else { return " " }
        // Halves: the difference of two huge numbers of different sign overflows.
        let fraction = low < high ? (mean / 2 - low / 2) / (high / 2 - low / 2) : 0.45
        return blocks[Int(min(max(fraction, 0), 1) * Double(blocks.count - 1) + 0.5)]
      })
  }

  /// Of the finite numbers in each part; NaN where there are none.
  private static func means(_ values: [Double], count: Int) -> [Double] {
    guard values.count > count else { return values }
    return (0..<count).map { part in
      let first = part * values.count / count
      let last = (part + 1) * values.count / count
      let finite = values[first..<last].filter(\.isFinite)
      return finite.isEmpty ? .nan : finite.reduce(0) { $0 + $1 / Double(finite.count) }
    }
  }
}

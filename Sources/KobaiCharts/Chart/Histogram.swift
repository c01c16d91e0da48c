#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Counts of numbers in equal intervals; the last one contains its upper end, as numpy's does.
struct Histogram: Sendable {
  let edges: [Double]
  let heights: [Double]

  init(_ values: [Double], bins: Int?, range: ClosedRange<Double>?, density: Bool) {
    var extent = Extent()
    extent.include(values)
    var (low, high) = (range?.lowerBound ?? extent.lower, range?.upperBound ?? extent.upper)
    if low > high { (low, high) = (0, 1) }
    (low, high) = Extent.separated(low, high)
    let inside = values.filter { $0 >= low && $0 <= high }
    let count = max(1, min(bins ?? Self.bins(for: inside, high - low), 100_000))
    let width = (high - low) / Double(count)
    edges = (0...count).map { $0 == count ? high : low + Double($0) * width }
    var counts = [Double](repeating: 0, count: count)
    for value in inside {
      var bin = min(Int((value - low) / width), count - 1)
      // The quotient's rounding must not put a number beside its interval.
      if value < edges[bin] {
        bin -= 1
      } else if bin < count - 1, value >= edges[bin + 1] {
        bin += 1
      }
      counts[max(bin, 0)] += 1
    }
    let total = Double(inside.count) * width
    heights = density && total > 0 ? counts.map { $0 / total } : counts
  }

  private static func bins(for values: [Double], _ span: Double) -> Int {
    guard values.count > 1 else { return 1 }
    let sturges = log2(Double(values.count)) + 1
    let sorted = values.sorted()
    func quantile(_ q: Double) -> Double {
      let place = q * Double(sorted.count - 1)
      let lower = Int(place)
      let upper = min(lower + 1, sorted.count - 1)
      return sorted[lower] + (place - Double(lower)) * (sorted[upper] - sorted[lower])
    }
    let width = 2 * (quantile(0.75) - quantile(0.25)) / cbrt(Double(values.count))
    let freedman = width > 0 ? span / width : 0
    return Int(min(max(sturges, freedman), 500).rounded(.up))
  }
}

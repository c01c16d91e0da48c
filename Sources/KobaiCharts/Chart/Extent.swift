#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The range of what has been seen along one axis.
struct Extent: Sendable {
  private(set) var lower = Double.infinity
  private(set) var upper = -Double.infinity
  /// The least number that a logarithmic axis can show.
  private(set) var leastPositive = Double.infinity
  /// Ends at which the axis stops without a margin, such as the foot of bars.
  private var sticky: [Double] = []

  mutating func include(_ value: Double) {
    guard value.isFinite else { return }
    // Differences of what is kept must not overflow.
    let value = min(max(value, -1e300), 1e300)
    lower = min(lower, value)
    upper = max(upper, value)
    if value > 0 { leastPositive = min(leastPositive, value) }
  }

  mutating func include(_ values: [Double]) { for value in values { include(value) } }

  mutating func include(sticky value: Double) {
    include(value)
    sticky.append(value)
  }

  /// The range that an axis should show: the data and a margin of 4 %.
  func range(_ scale: Scale) -> ClosedRange<Double> {
    switch scale {
    case .linear:
      guard lower <= upper else { return 0...1 }
      let (low, high) = Self.separated(lower, upper)
      let margin = (high - low) * 0.04
      return
        (sticky.contains(low) ? low : low - margin)...(sticky.contains(high)
        ? high : high + margin)
    case .log:
      guard leastPositive <= upper else { return 1...10 }
      if leastPositive == upper { return (upper / 3)...(upper * 3) }
      let margin = (log10(upper) - log10(leastPositive)) * 0.04
      let factor = pow(10, margin)
      return
        (sticky.contains(leastPositive) ? leastPositive : leastPositive / factor)...(sticky
        .contains(upper) ? upper : upper * factor)
    }
  }

  /// Two different ends: an interval too short for its place on the number line is made longer.
  static func separated(_ low: Double, _ high: Double) -> (Double, Double) {
    let size = max(abs(low), abs(high))
    guard high - low <= max(size * 1e-12, 1e-300) else { return (low, high) }
    let half = size < 1e-290 ? 1 : size >= 1 && size < 20 ? 0.5 : size * 0.05
    return (low - half, high + half)
  }
}

/// How numbers are spread along an axis.
public enum Scale: Sendable, Hashable {
  /// Equal differences have equal lengths.
  case linear
  /// Equal ratios have equal lengths; numbers that are not positive are not shown.
  case log
}

/// Seconds per call: the median of several rounds, each long enough to be timed.
func measure(rounds: Int = 9, minimum: Double = 0.02, _ body: () -> Void) -> Double {
  let clock = ContinuousClock()
  func time(_ calls: Int) -> Double {
    let elapsed = clock.measure { for _ in 0..<calls { body() } }
    return Double(elapsed.components.attoseconds) * 1e-18 + Double(elapsed.components.seconds)
  }
  var calls = 1
  while time(calls) < minimum && calls < 1 << 40 { calls *= 2 }
  return (0..<rounds).map { _ in time(calls) / Double(calls) }.sorted()[rounds / 2]
}

/// Ratios of two bodies' times, timed in turn so that a machine's drift meets both: the medians of each and
/// of the ratio first / second.
func compare(
  rounds: Int = 9, _ first: () -> Void, _ second: () -> Void
) -> (first: Double, second: Double, ratio: Double) {
  let pairs = (0..<rounds).map { _ in
    (measure(rounds: 1, minimum: 0.01, first), measure(rounds: 1, minimum: 0.01, second))
  }
  func median(_ x: [Double]) -> Double { x.sorted()[x.count / 2] }
  return (median(pairs.map(\.0)), median(pairs.map(\.1)), median(pairs.map { $0.0 / $0.1 }))
}

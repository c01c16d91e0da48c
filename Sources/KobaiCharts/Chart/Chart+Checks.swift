import KobaiTensor

extension Chart {
  /// The two coordinates, cut to one length after a misuse.
  static func checked(_ call: String, _ x: [Double], _ y: [Double]) -> ([Double], [Double]) {
    check(call, "x values", x.count, "y values", y.count)
    let count = min(x.count, y.count)
    return (Array(x.prefix(count)), Array(y.prefix(count)))
  }

  static func check(_ call: String, _ a: String, _ countA: Int, _ b: String, _ countB: Int) {
    guard countA != countB else { return }
    misuse(
      "\(call): as many \(a) as \(b) must be given, but there are \(countA) and \(countB)",
      else: ())
  }

  /// Equally distant numbers from one end to the other, at least two.
  static func samples(_ range: ClosedRange<Double>, _ count: Int) -> [Double] {
    let count = max(count, 2)
    return (0..<count).map { i in
      let t = Double(i) / Double(count - 1)
      return range.lowerBound * (1 - t) + range.upperBound * t
    }
  }
}

extension Int {
  /// With a comma between thousands: `1,234,567`.
  package var grouped: String {
    let digits = Array("\(magnitude)")
    var text = self < 0 ? "-" : ""
    for (i, digit) in digits.enumerated() {
      if i > 0 && (digits.count - i) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }
}

extension Double {
  /// With a fixed number of decimals: `0.1230`; in full where it is too large for that.
  package func fixed(_ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (magnitude * scale).rounded(.toNearestOrEven)
    guard scaled < 9e15 else { return "\(self)" }
    let digits = "\(Int(scaled))"
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = self < 0 && scaled > 0 ? "-" : ""
    return decimals == 0
      ? "\(sign)\(padded)" : "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }
}

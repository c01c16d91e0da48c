#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numbers as text, the same on every machine.
enum Numerals {
  /// A length in pixels, to a hundredth.
  static func pixels(_ value: Double) -> String {
    // Nothing is drawn that far out; NaN would make the file invalid.
    let bounded = value.isNaN ? 0 : min(max(value, -1e7), 1e7)
    return decimal(Int((bounded * 100).rounded()), exponent: -2, keepsZeros: false)
  }

  /// `digits` × 10^`exponent` without an exponent: 25, −1 gives "2.5".
  static func decimal(
    _ digits: Int, exponent: Int, keepsZeros: Bool = true, minus: String = "-"
  ) -> String {
    let sign = digits < 0 ? minus : ""
    var text = String(digits.magnitude)
    if exponent >= 0 {
      return sign + (digits == 0 ? "0" : text + String(repeating: "0", count: exponent))
    }
    if text.utf8.count <= -exponent {
      text = String(repeating: "0", count: 1 - exponent - text.utf8.count) + text
    }
    let point = text.index(text.endIndex, offsetBy: exponent)
    var fraction = text[point...]
    if !keepsZeros { while fraction.last == "0" { fraction.removeLast() } }
    let whole = text[..<point]
    return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
  }

  /// The number to `significant` digits, as a reader writes it: "0.025", "1.2×10⁻⁷", "−∞".
  static func rounded(_ value: Double, significant: Int = 3) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "−∞" : "∞" }
    if value == 0 { return "0" }
    var exponent = decade(of: value)
    var digits = scaled(value, exponent - significant + 1)
    if digits.magnitude >= UInt(power(significant)) {  // 9.99… has become 10.0
      exponent += 1
      digits = scaled(value, exponent - significant + 1)
    }
    if exponent < -4 || exponent > 6 {
      let mantissa = decimal(digits, exponent: 1 - significant, keepsZeros: false, minus: "−")
      return mantissa + "×" + powerOfTen(exponent)
    }
    return decimal(digits, exponent: exponent - significant + 1, keepsZeros: false, minus: "−")
  }

  /// The exponent of the first digit.
  static func decade(of value: Double) -> Int {
    let estimate = Int(log10(Swift.abs(value)).rounded(.down))
    if Swift.abs(value) >= tens(estimate + 1) { return estimate + 1 }
    return Swift.abs(value) < tens(estimate) ? estimate - 1 : estimate
  }

  /// 10^`exponent`, correctly rounded; infinite or 0 beyond what a `Double` holds.
  static func tens(_ exponent: Int) -> Double { product(1, exponent) }

  /// `digits` × 10^`exponent`, correctly rounded, so that ticks are the numbers their labels say.
  static func product(_ digits: Int, _ exponent: Int) -> Double {
    Double("\(digits)e\(exponent)") ?? 0
  }

  static func powerOfTen(_ exponent: Int) -> String {
    let raised: [Character: Character] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
      "8": "⁸", "9": "⁹",
    ]
    return "10" + String(String(exponent).map { raised[$0] ?? $0 })
  }

  private static func scaled(_ value: Double, _ exponent: Int) -> Int {
    // In two steps: 10^−exponent alone can overflow for the smallest numbers.
    let half = exponent / 2
    let result = (value / tens(half) / tens(exponent - half)).rounded()
    return result.magnitude < 1e18 ? Int(result) : 0
  }

  private static func power(_ exponent: Int) -> Int { (0..<exponent).reduce(1) { p, _ in p * 10 } }
}

/// Which numbers an axis names.
public enum Ticks: Sendable, Hashable {
  /// Round numbers: 1, 2, 2.5 or 5 times a power of ten apart.
  case automatic
  /// Round numbers without a fraction: epochs, counts.
  case integers
  /// 0.25 is written 25 %.
  case percent
  /// These numbers.
  case at([Double])
  /// These texts at these numbers.
  case labels([Label])
  /// None.
  case hidden

  /// A text at a place of an axis.
  public struct Label: Sendable, Hashable {
    /// The number at which the text stands.
    public var value: Double
    /// One line.
    public var text: String

    /// A text at a number.
    public init(_ value: Double, _ text: String) {
      self.value = value
      self.text = text
    }
  }

  /// Texts at the numbers 0, 1, 2 …
  public static func names(_ names: [String]) -> Ticks {
    .labels(names.enumerated().map { Label(Double($0.offset), $0.element) })
  }
}

/// The ticks of an axis, ready to be drawn.
struct TickSet: Sendable {
  struct Tick: Sendable {
    var value: Double
    var label: String
  }
  var major: [Tick] = []
  /// Without labels.
  var minor: [Double] = []
  /// What all labels are to be multiplied with, "×10⁶"; empty for 1.
  var factor = ""

  init() {}

  /// - Parameter limit: how many labels there is room for.
  init(_ ticks: Ticks, _ range: ClosedRange<Double>, _ scale: Scale, limit: Int) {
    switch ticks {
    case .hidden: self.init()
    case .at(let values):
      self.init()
      major = values.filter(range.contains).map {
        Tick(value: $0, label: Numerals.rounded($0, significant: 6))
      }
    case .labels(let labels):
      self.init()
      major = labels.filter { range.contains($0.value) }.map {
        Tick(value: $0.value, label: $0.text)
      }
    case .automatic, .integers, .percent:
      if scale == .log, Self.isWide(range) {
        self.init(decades: range, limit: limit)
      } else {
        let steps = Steps(range, limit: limit, integers: ticks == .integers)
        self.init(steps, percent: ticks == .percent)
      }
    }
  }

  /// Whether at least one power of ten and its neighbours can be named.
  private static func isWide(_ range: ClosedRange<Double>) -> Bool {
    range.lowerBound > 0 && range.upperBound / range.lowerBound >= 8
  }

  private init(decades range: ClosedRange<Double>, limit: Int) {
    let first = Numerals.decade(of: range.lowerBound)
    let last = Numerals.decade(of: range.upperBound)
    // Fewer than two powers of ten: name 2 and 5 of each, too.
    let powers = (first...last).filter { range.contains(Numerals.tens($0)) }
    let digits = powers.count < 3 ? [1, 2, 5] : [1]
    let stride = max(1, (powers.count + max(limit, 2) - 1) / max(limit, 2))
    let isPlain = powers.allSatisfy { (-3...4).contains($0) }
    for decade in first...last {
      for digit in 1...9 {
        let value = Numerals.product(digit, decade)
        guard range.contains(value) else { continue }
        if digits.contains(digit), (decade - first) % stride == 0 {
          major.append(Tick(value: value, label: Self.logLabel(digit, decade, isPlain: isPlain)))
        } else if stride == 1 || digit == 1 {
          minor.append(value)
        }
      }
    }
  }

  private static func logLabel(_ digit: Int, _ decade: Int, isPlain: Bool) -> String {
    if isPlain {
      return Numerals.decimal(digit, exponent: decade, keepsZeros: false)
    }
    return (digit == 1 ? "" : "\(digit)×") + Numerals.powerOfTen(decade)
  }

  private init(_ steps: Steps, percent: Bool) {
    let exponent = steps.exponent + (percent ? 2 : 0)
    let unit = percent ? " %" : ""
    var labels = Self.labels(steps.multiples, exponent)
    let largest = steps.multiples.map { Numerals.product($0, exponent).magnitude }.max() ?? 0
    if largest > 0 {
      let decade = Numerals.decade(of: largest)
      let scaled = Self.labels(steps.multiples, exponent - decade)
      func longest(_ labels: [String]) -> Int { labels.map(\.count).max() ?? 0 }
      if decade >= 6 || decade <= -4, longest(scaled) < longest(labels) {
        labels = scaled
        factor = "×" + Numerals.powerOfTen(decade)
      }
    }
    major = zip(steps.multiples, labels).map { multiple, label in
      Tick(value: Numerals.product(multiple, steps.exponent), label: label + unit)
    }
  }

  private static func labels(_ multiples: [Int], _ exponent: Int) -> [String] {
    // Trailing zeros that all labels share say nothing.
    var shared = 0
    while exponent + shared < 0, multiples.allSatisfy({ $0 % power(shared + 1) == 0 }) {
      shared += 1
    }
    return multiples.map {
      Numerals.decimal($0 / power(shared), exponent: exponent + shared, minus: "−")
    }
  }

  private static func power(_ exponent: Int) -> Int { (0..<exponent).reduce(1) { p, _ in p * 10 } }
}

/// Multiples of a round step (Heckbert, "Nice Numbers for Graph Labels", 1990), as whole numbers times
/// a power of ten, so that no label shows rounding errors.
struct Steps: Sendable {
  private(set) var multiples: [Int] = []
  private(set) var exponent = 0

  init(_ range: ClosedRange<Double>, limit: Int, integers: Bool) {
    let (low, high) = Extent.separated(range.lowerBound, range.upperBound)
    let span = high - low
    guard span > 0, span.isFinite else { return }
    let limit = max(limit, 2)
    // From fine to coarse: the finest that is not too many.
    let start = Numerals.decade(of: span / Double(limit)) - 1
    var previous: (multiples: [Int], exponent: Int)?
    for decade in start...(start + 4) {
      for (digits, exponent) in [(1, decade), (2, decade), (25, decade - 1), (5, decade)] {
        if integers, exponent < 0 { continue }
        let step = Numerals.product(digits, exponent)
        guard step > 0, span / step < 1000, abs(low) / step < 1e15, abs(high) / step < 1e15
        else { continue }
        let first = (low / step - 1e-9).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        let count = first <= last ? Int(last - first) + 1 : 0
        let found = (0..<count).map { (Int(first) + $0) * digits }
        if count <= limit {
          // A lone tick tells no scale: rather one more than there should be.
          let enough = count >= 2 || previous == nil
          (multiples, self.exponent) = enough ? (found, exponent) : previous ?? (found, exponent)
          return
        }
        previous = (found, exponent)
      }
    }
    if let previous { (multiples, exponent) = previous }
  }
}

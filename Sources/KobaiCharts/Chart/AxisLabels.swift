#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The labels below a horizontal axis: level if they fit, else slanted,
/// else upright, else only some of them.
struct AxisLabels {
  struct Label {
    var value: Double
    var place: Double
    var text: String
    var width: Double
  }
  private(set) var labels: [Label] = []
  /// Counterclockwise, in degrees.
  private var angle = 0.0
  private static let size = ChartLayout.tickSize
  private var sine: Double { sin(angle * Double.pi / 180) }
  private var cosine: Double { cos(angle * Double.pi / 180) }

  /// Below the axis.
  var height: Double {
    let widest = labels.map(\.width).max() ?? 0
    if labels.isEmpty { return 4 }
    return angle > 0 ? widest * sine + 16 : 20
  }

  static func fitting(_ ticks: Ticks, _ axis: Axis) -> (TickSet, AxisLabels) {
    switch ticks {
    case .hidden, .at, .labels:
      let set = TickSet(ticks, axis.range, axis.scale, limit: 0)
      var labels = AxisLabels(set, axis)
      if !labels.fits { labels.slant(axis) }
      return (set, labels)
    case .automatic, .integers, .percent:
      var limit = Int(axis.length / 64) + 1
      while true {
        let set = TickSet(ticks, axis.range, axis.scale, limit: limit)
        let labels = AxisLabels(set, axis)
        if labels.fits { return (set, labels) }
        if limit <= 2 { return (set, labels.everyOtherDropped()) }
        limit -= 1
      }
    }
  }

  init() {}

  private init(_ set: TickSet, _ axis: Axis) {
    labels = set.major.compactMap { tick in
      guard let place = axis.position(tick.value) else { return nil }
      return Label(
        value: tick.value, place: place, text: tick.label,
        width: TextMetrics.width(tick.label, size: Self.size))
    }.sorted { $0.place < $1.place }
  }

  private var fits: Bool {
    zip(labels, labels.dropFirst()).allSatisfy { a, b in
      b.place - a.place >= (a.width + b.width) / 2 + 8
    }
  }

  private func everyOtherDropped() -> AxisLabels {
    var result = self
    var end = -Double.infinity
    result.labels = labels.filter { label in
      guard label.place - label.width / 2 >= end + 8 else { return false }
      end = label.place + label.width / 2
      return true
    }
    return result
  }

  private mutating func slant(_ axis: Axis) {
    let pitch = zip(labels, labels.dropFirst()).map { $1.place - $0.place }.min() ?? axis.length
    angle = pitch >= 20 ? 40 : 90
    var last = -Double.infinity
    labels = labels.compactMap { label in
      guard label.place - last >= Self.size + 3 else { return nil }
      last = label.place
      var label = label
      label.text = TextMetrics.truncated(
        label.text, size: Self.size, to: min(130, axis.length * 0.4))
      label.width = TextMetrics.width(label.text, size: Self.size)
      return label
    }
  }

  /// How far labels reach over the ends of the axis.
  func overhangLeft(_ axis: Axis) -> Double {
    labels.map { angle > 0 ? $0.width * cosine - $0.place : $0.width / 2 - $0.place }
      .max().map { max($0, 0) } ?? 0
  }

  func overhangRight(_ axis: Axis) -> Double {
    labels.map { ($0.place - axis.length) + (angle > 0 ? 6 : $0.width / 2) }
      .max().map { max($0, 0) } ?? 0
  }

  mutating func move(to axis: Axis) {
    for i in labels.indices { labels[i].place = axis.position(labels[i].value) ?? axis.start }
  }

  func draw(on canvas: inout Canvas, below y: Double) {
    for label in labels {
      let place = Point(
        label.place + (angle > 0 ? 4 : 0), y + (angle > 0 ? angle > 40 ? 8 : 13 : 17))
      canvas.text(
        label.text, at: place, size: Self.size, anchor: angle > 0 ? .end : .middle,
        color: .muted, rotation: -angle)
    }
  }
}

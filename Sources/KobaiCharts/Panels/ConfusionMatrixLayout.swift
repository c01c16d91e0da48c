#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the parts of a confusion matrix stand, and the drawing of them.
struct ConfusionMatrixLayout {
  private let chart: ConfusionMatrixChart
  private let count: Int
  private let left, top, cell: Double
  private let labelSize: Double
  /// Every how many classes one is named.
  private let stride: Int
  /// Of the names below the columns, in degrees.
  private let slant: Double
  private let columnLabelHeight: Double
  private let titleLines: [String]
  private static let (padding, recallWidth) = (12.0, 58.0)
  /// Up to this many classes each cell is a shape of its own; beyond, the matrix is one image.
  private static let mostShapes = 40

  init(_ chart: ConfusionMatrixChart, width: Double) {
    self.chart = chart
    count = chart.counts.count
    let pad = Self.padding
    titleLines = TextMetrics.wrapped(chart.title, size: 14, to: width - 2 * pad, bold: true)
    let widest = chart.classes.map { TextMetrics.width($0, size: 11) }.max() ?? 0
    let nameWidth = min(widest, width * 0.24)
    left = pad + 18 + nameWidth + 8
    let room = max(width - left - pad - Self.recallWidth, 40)
    cell = min(room / Double(max(count, 1)), count < 5 ? 84 : 56)
    labelSize = min(11, max(cell * 0.95, 8))
    stride = max(1, Int((labelSize + 1.5) / cell + 0.999))
    let pitch = cell * Double(stride)
    let sine = sin(50 * Double.pi / 180)
    if nameWidth + 4 <= pitch {
      (slant, columnLabelHeight) = (0, 20)
    } else if pitch * sine >= labelSize + 2 {
      (slant, columnLabelHeight) = (50, nameWidth * sine + 14)
    } else {
      (slant, columnLabelHeight) = (90, nameWidth + 12)
    }
    top = pad + Double(titleLines.count) * 18 + (chart.accuracy == nil ? 20 : 38)
  }

  var height: Double {
    if count == 0 { return top + 40 }
    return top + cell * Double(count) + columnLabelHeight + 18 + 20 + Self.padding
  }

  func draw(on canvas: inout Canvas, in frame: Rectangle) {
    drawHeader(on: &canvas, frame)
    let origin = Point(frame.left + left, frame.top + top)
    guard count > 0 else {
      canvas.text(
        "no classes", at: Point(frame.left + Self.padding, frame.top + top + 16), color: .muted)
      return
    }
    let side = cell * Double(count)
    if count <= Self.mostShapes {
      drawCells(on: &canvas, origin)
    } else {
      let shares = chart.counts.flatMap(Self.shares).map(Self.opacity)
      canvas.image(
        PixelImage(opacities: shares, width: count, height: count, Self.shade),
        in: Rectangle(x: origin.x, y: origin.y, width: side, height: side))
    }
    canvas.rectangle(
      Rectangle(x: origin.x, y: origin.y, width: side, height: side), stroke: .init(.frame))
    drawNames(on: &canvas, origin, side)
    drawRecalls(on: &canvas, origin, side)
    drawAxisTitles(on: &canvas, frame, origin, side)
  }

  private static let shade = Color(0x0B5394, dark: 0x2273BF)

  private static func shares(of row: [Int]) -> [Double] {
    let total = row.reduce(0, +)
    return row.map { total == 0 ? 0 : Double($0) / Double(total) }
  }

  /// A small share is still seen: the square root spreads the lower end.
  private static func opacity(_ share: Double) -> Double {
    share <= 0 ? 0 : 0.06 + 0.9 * share.squareRoot()
  }

  private func drawHeader(on canvas: inout Canvas, _ frame: Rectangle) {
    var y = frame.top + Self.padding
    for line in titleLines {
      canvas.text(line, at: Point(frame.left + Self.padding, y + 12), size: 14, bold: true)
      y += 18
    }
    guard let accuracy = chart.accuracy else { return }
    let total = chart.counts.joined().reduce(0, +)
    let right = chart.counts.indices.reduce(0) { $0 + chart.counts[$1][$1] }
    canvas.text(
      "accuracy \(Self.percent(accuracy)): \(right) of \(total)",
      at: Point(frame.left + Self.padding, y + 12), size: 11.5, color: .muted)
  }

  private func drawCells(on canvas: inout Canvas, _ origin: Point) {
    let longest = chart.counts.joined().map { "\($0)" }.max { $0.count < $1.count } ?? ""
    let perPixel = TextMetrics.width(longest, size: 1)
    let size = min(13, (cell - 3) / max(perPixel, 0.1), cell * 0.6)
    for (i, row) in chart.counts.enumerated() {
      for (j, share) in Self.shares(of: row).enumerated() {
        let place = Rectangle(
          x: origin.x + Double(j) * cell, y: origin.y + Double(i) * cell, width: cell, height: cell)
        let opacity = Self.opacity(share)
        canvas.rectangle(
          place, fill: Self.shade, opacity: opacity, stroke: .init(.grid, width: 0.6),
          tip: "\(chart.classes[i]) taken for \(chart.classes[j]): \(row[j]) "
            + "(\(Self.percent(share)))")
        guard size >= 6 else { continue }
        let isZero = row[j] == 0
        canvas.text(
          isZero ? "·" : "\(row[j])",
          at: Point(place.center.x, place.center.y + size * 0.36), size: size, anchor: .middle,
          color: isZero ? .frame : opacity > 0.5 ? .white : .ink, bold: i == j && !isZero)
      }
    }
  }

  private func drawNames(on canvas: inout Canvas, _ origin: Point, _ side: Double) {
    let limit = left - Self.padding - 18 - 8
    for i in Swift.stride(from: 0, to: count, by: stride) {
      let middle = (Double(i) + 0.5) * cell
      let name = TextMetrics.truncated(chart.classes[i], size: labelSize, to: limit + 1)
      canvas.text(
        name, at: Point(origin.x - 6, origin.y + middle + labelSize * 0.36), size: labelSize,
        anchor: .end)
      let below = Point(
        origin.x + middle + (slant > 0 ? labelSize * 0.36 : 0),
        origin.y + side + (slant > 0 ? slant > 50 ? 6 : 11 : 15))
      canvas.text(
        name, at: below, size: labelSize, anchor: slant > 0 ? .end : .middle, rotation: -slant)
    }
  }

  private func drawRecalls(on canvas: inout Canvas, _ origin: Point, _ side: Double) {
    let x = origin.x + side + Self.recallWidth - 6
    canvas.text("recall", at: Point(x, origin.y - 6), size: 10.5, anchor: .end, color: .muted)
    for i in Swift.stride(from: 0, to: count, by: stride) {
      let text = chart.recall(i).map(Self.percent) ?? "–"
      let y = origin.y + (Double(i) + 0.5) * cell + labelSize * 0.36
      canvas.text(
        text, at: Point(x, y), size: min(labelSize, 10.5), anchor: .end, color: .muted)
    }
  }

  private func drawAxisTitles(
    on canvas: inout Canvas, _ frame: Rectangle, _ origin: Point, _ side: Double
  ) {
    canvas.text(
      "true class", at: Point(frame.left + Self.padding + 10, origin.y + side / 2), anchor: .middle,
      color: .muted, rotation: -90)
    let y = origin.y + side + columnLabelHeight + 14
    canvas.text(
      "predicted class", at: Point(origin.x + side / 2, y), anchor: .middle, color: .muted)
    canvas.text(
      TextMetrics.truncated(
        "Shade: share of the true class", size: 10, to: frame.width - left - Self.padding),
      at: Point(origin.x, y + 18), size: 10, color: .muted)
  }

  private static func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    // Not quite all is not 100 %.
    let bounded = share < 1 ? min(tenths, 999) : tenths
    return Numerals.decimal(bounded, exponent: -1, keepsZeros: bounded != 1000) + " %"
  }
}

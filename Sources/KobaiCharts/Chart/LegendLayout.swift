/// The names of the series beside small pictures of them.
struct LegendLayout {
  private struct Entry {
    let mark: any Mark
    let text: String
    let width: Double
  }
  private let entries: [Entry]
  private static let (size, swatch, gap, rowHeight) = (11.5, 22.0, 16.0, 18.0)

  init(_ marks: [any Mark]) {
    entries = marks.map { mark in
      let text = TextMetrics.truncated(mark.label, size: Self.size, to: 260)
      return Entry(
        mark: mark, text: text, width: Self.swatch + 6 + TextMetrics.width(text, size: Self.size))
    }
  }

  var isEmpty: Bool { entries.isEmpty }
  var width: Double { entries.map(\.width).max() ?? 0 }

  /// Entries side by side, in as many rows as needed.
  private func rows(_ width: Double) -> [[Entry]] {
    var rows: [[Entry]] = []
    var room = 0.0
    for entry in entries {
      if rows.isEmpty || entry.width > room {
        rows.append([])
        room = width
      }
      rows[rows.count - 1].append(entry)
      room -= entry.width + Self.gap
    }
    return rows
  }

  func height(_ width: Double) -> Double {
    entries.isEmpty ? 0 : Double(rows(width).count) * Self.rowHeight + 4
  }

  func drawRows(on canvas: inout Canvas, at origin: Point, width: Double) {
    for (i, row) in rows(width).enumerated() {
      var place = Point(origin.x, origin.y + Double(i) * Self.rowHeight)
      for entry in row {
        draw(entry, on: &canvas, at: place, limit: width)
        place.x += entry.width + Self.gap
      }
    }
  }

  /// Entries below each other; those that find no room are counted.
  func drawColumn(on canvas: inout Canvas, in frame: Rectangle) {
    let room = max(Int(frame.height / Self.rowHeight), 1)
    let shown = entries.count <= room ? entries.count : max(room - 1, 0)
    var place = Point(frame.left, frame.top)
    for entry in entries.prefix(shown) {
      draw(entry, on: &canvas, at: place, limit: frame.width)
      place.y += Self.rowHeight
    }
    if shown < entries.count {
      canvas.text(
        "… \(entries.count - shown) more", at: Point(place.x, place.y + 12), size: Self.size,
        color: .muted)
    }
  }

  private func draw(_ entry: Entry, on canvas: inout Canvas, at place: Point, limit: Double) {
    entry.mark.drawSwatch(
      on: &canvas, in: Rectangle(x: place.x, y: place.y + 3, width: Self.swatch, height: 10))
    let text = TextMetrics.truncated(entry.text, size: Self.size, to: limit - Self.swatch - 6)
    canvas.text(text, at: Point(place.x + Self.swatch + 6, place.y + 12), size: Self.size)
  }
}

/// Panels in a grid, as matplotlib's subplots.
///
///     Figure([[loss, accuracy], [confusion]], title: "Run 7")
///     Figure(charts, columns: 3)
///
/// All panels of a row are as high as its highest; columns are equally wide. A row of one panel has
/// the whole width.
public struct Figure: Panel {
  /// Above all panels; empty for none.
  public var title: String
  /// The panels from above, in each row from the left.
  public var rows: [[any Panel]]

  /// Rows that share the width equally among their panels.
  public init(_ rows: [[any Panel]], title: String = "") {
    self.rows = rows
    self.title = title
  }

  /// The panels row after row, `columns` (at least 1) in each; the last row may be shorter.
  public init(_ panels: [any Panel], columns: Int, title: String = "") {
    let columns = max(columns, 1)
    let rows = stride(from: 0, to: panels.count, by: columns).map {
      Array(panels[$0..<min($0 + columns, panels.count)])
    }
    self.init(rows, title: title)
    isTable = panels.count > columns
  }

  /// Whether a short last row keeps the columns of those above.
  private var isTable = false
  private static let titleHeight = 34.0

  private func columns(of row: [any Panel]) -> Int {
    isTable ? rows.map(\.count).max() ?? 1 : max(row.count, 1)
  }

  private func rowHeight(_ row: [any Panel], _ width: Double) -> Double {
    row.map { $0.height(forWidth: width / Double(columns(of: row))) }.max() ?? 0
  }

  /// The sum of the rows' heights, each that of its highest panel.
  public func height(forWidth width: Double) -> Double {
    rows.reduce(title.isEmpty ? 0 : Self.titleHeight) { $0 + rowHeight($1, width) }
  }

  /// Draws the panels; a frame of another height stretches all rows alike.
  public func draw(on canvas: inout Canvas, in frame: Rectangle) {
    var y = frame.top
    if !title.isEmpty {
      let text = TextMetrics.truncated(title, size: 16, to: frame.width - 24, bold: true)
      canvas.text(text, at: Point(frame.left + 12, y + 26), size: 16, bold: true)
      y += Self.titleHeight
    }
    let wanted = rows.reduce(0) { $0 + rowHeight($1, frame.width) }
    let stretch = wanted > 0 ? max(frame.bottom - y, 0) / wanted : 1
    for row in rows {
      let width = frame.width / Double(columns(of: row))
      let height = rowHeight(row, frame.width) * stretch
      for (i, panel) in row.enumerated() {
        panel.draw(
          on: &canvas,
          in: Rectangle(x: frame.left + Double(i) * width, y: y, width: width, height: height))
      }
      y += height
    }
  }
}

import KobaiTensor

extension Table: CustomStringConvertible {
  /// The table as aligned text: all rows of a short table, the first and last five of a long one.
  public var description: String { text() }

  /// The table as aligned text.
  ///
  ///     print(table.head(2).text())
  ///     // Survived  Name              Age
  ///     //        0  Braund, Mr. Owen   22
  ///     //        1  Cumings, Mrs. …    38
  ///     // 2 rows × 3 columns
  ///
  /// - Parameters:
  ///   - rows: how many rows to show at most; of more, the first and the last ones, up to five each.
  ///   - width: how wide a column of text may be.
  public func text(rows limit: Int = 20, width: Int = 30) -> String {
    let limit = Swift.max(1, limit)
    let isCut = count > limit
    let (first, last) = (Swift.min(5, (limit + 1) / 2), Swift.min(5, limit / 2))
    let shown = isCut ? Array(0..<first) + Array(count - last..<count) : Array(0..<count)
    let texts = columns.map { column in column.texts(shown, width: width) }
    let widths = zip(columns, texts).map { column, texts in
      Swift.max(column.name.displayWidth, texts.map(\.displayWidth).max() ?? 0)
    }
    func line(_ cells: [String]) -> String {
      var line = ""
      for (i, cell) in cells.enumerated() {
        if i > 0 { line += "  " }
        let padding = String(repeating: " ", count: widths[i] - cell.displayWidth)
        line += columns[i].type == .string ? cell + padding : padding + cell
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    var lines = [line(columnNames)]
    for i in shown.indices {
      if isCut && i == first { lines.append("…") }
      lines.append(line(texts.map { $0[i] }))
    }
    if isCut && last == 0 { lines.append("…") }
    lines.append(
      "\(count) row\(count == 1 ? "" : "s") × \(columns.count) column\(columns.count == 1 ? "" : "s")"
    )
    return lines.joined(separator: "\n")
  }
}

extension Table.Column {
  /// The values of some rows as they are printed: numbers with as many decimals as the longest of them
  /// needs, up to four.
  fileprivate func texts(_ rows: [Int], width: Int) -> [String] {
    guard case .double(let values) = values else {
      return rows.map { self[$0].description.cut(to: width) }
    }
    let shown = rows.compactMap { values[$0] }
    let decimals = shown.map { $0.decimals(upTo: 4) }.max() ?? 0
    return rows.map { values[$0].map { $0.fixed(decimals) } ?? "–" }
  }
}

extension Double {
  /// How many decimals show this number, up to a limit.
  func decimals(upTo limit: Int) -> Int {
    guard isFinite, magnitude < 1e12 else { return 0 }
    var scaled = self
    for decimals in 0..<limit {
      if (scaled - scaled.rounded()).magnitude < 1e-9 * Swift.max(1, scaled.magnitude) {
        return decimals
      }
      scaled *= 10
    }
    return limit
  }
}

extension String {
  /// The columns that this takes on a terminal: East Asian characters are as wide as two.
  var displayWidth: Int {
    reduce(0) { width, character in
      guard let first = character.unicodeScalars.first?.value else { return width }
      let isWide =
        switch first {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
          0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
          true
        default: false
        }
      return width + (isWide ? 2 : 1)
    }
  }

  /// At most `width` wide, with … for what is left out; line ends become spaces.
  fileprivate func cut(to width: Int) -> String {
    let line = String(map { $0.isNewline ? " " : $0 })
    guard line.displayWidth > width else { return line }
    var result = ""
    var taken = 0
    for character in line {
      taken += String(character).displayWidth
      if taken > width - 1 { break }
      result.append(character)
    }
    return result + "…"
  }
}

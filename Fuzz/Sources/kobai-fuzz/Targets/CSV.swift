import KobaiFormats

extension FuzzTarget {
  /// The first byte chooses the dialect.
  static let csv = FuzzTarget(
    name: "csv", maximalLength: 128,
    words: ["\"\"", "\r\n", "\",\"", "\"\n", "\u{FEFF}", ",,", "年"],
    seeds: {
      [
        "\u{0}a,b\n1,\"x\"\"y\"\n", "\u{1}1;2\r\n3;4\r\n", "\u{2}\u{FEFF}a\tb\n\"\n\"\t\n",
        "\u{4}# t\n\na,b\n\n1,2", "\u{8}年,月\r1,2\r", "\u{10}\u{82}a,b\n",
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      guard let first = bytes.first else { return }
      let separator: Character = [",", ";", "\t", " "][Int(first & 3)]
      let dialect = CSV.Dialect(
        separator: separator, hasHeader: first & 4 != 0,
        encoding: first & 0x38 == 0x38 ? .shiftJIS : .utf8, skipsBlankLines: first & 0x40 == 0,
        skippedLines: first & 0x80 != 0 ? 1 : 0, comment: first & 8 != 0 ? "#" : nil)
      let table = try CSV.decode(Array(bytes.dropFirst()), dialect)
      let rows = (0..<table.rowCount).map { row in
        (0..<table.columnCount).map { table[row, $0] }
      }
      table.withFields { fields in
        for row in 0..<fields.rowCount {
          for column in 0..<fields.columnCount {
            demand(
              fields.string(row: row, column: column) == rows[row][column], "both ways are one")
            demand(
              fields.hasEscapes(row: row, column: column)
                || fields[row, column].elementsEqual(rows[row][column].utf8), "bytes are the text")
          }
        }
      }
      for row in 0..<min(table.rowCount, 3) { demand(table.line(ofRow: row) > 0, "lines count") }
      guard let text = try? CSV.encode(header: table.header, rows: rows, separator: separator)
      else { fatalError("a table cannot be written") }
      let plain = CSV.Dialect(separator: separator, hasHeader: !table.header.isEmpty)
      guard !text.isEmpty else { return }
      // A mark at the start of the text is a byte order mark, however it came there.
      guard !text.starts(with: [0xEF, 0xBB, 0xBF]) else { return }
      guard let again = try? CSV.decode(text, plain) else {
        fatalError("a table cannot be read again")
      }
      demand(again.header == table.header, "a header is kept")
      demand(again.rowCount == rows.count, "rows are kept")
      for row in rows.indices {
        demand((0..<again.columnCount).map { again[row, $0] } == rows[row], "fields are kept")
      }
    })
}

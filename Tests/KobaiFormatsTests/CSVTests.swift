import KobaiFormats
import Testing

@Suite("CSV")
struct CSVTests {
  private struct Case: Decodable {
    var text: String
    var rows: [[String]]
  }

  private func rows(_ table: CSV) -> [[String]] {
    (0..<table.rowCount).map { row in (0..<table.columnCount).map { table[row, $0] } }
  }

  private let plain = CSV.Dialect(hasHeader: false)

  /// Python's csv module says what the rows are.
  @Test func readsAsPythonDoes() throws {
    let cases = try Resource.json("csv.json", as: [Case].self)
    #expect(cases.count == 20)
    for item in cases {
      let bytes = Array(item.text.utf8)
      #expect(rows(try CSV.decode(bytes, plain)) == item.rows, "\(item.text.debugDescription)")
      let table = try CSV.decode(bytes)
      #expect(table.header == item.rows[0])
      #expect(rows(table) == Array(item.rows.dropFirst()))
    }
  }

  /// The same through the bytes of fields and row by row, behind each length of a first line, so that
  /// fields lie at every place of a word.
  @Test func readsTheSameEveryWay() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.csv")
    for item in try Resource.json("csv.json", as: [Case].self) {
      for shift in 0..<9 {
        let bytes = Array((String(repeating: "#", count: shift) + "\r\n" + item.text).utf8)
        let dialect = CSV.Dialect(hasHeader: false, skippedLines: 1)
        let table = try CSV.decode(bytes, dialect)
        #expect(rows(table) == item.rows)
        let quick = table.withFields { fields in
          (0..<fields.rowCount).map { row in
            (0..<fields.columnCount).map { column in
              fields.hasEscapes(row: row, column: column)
                ? fields.string(row: row, column: column)
                : String(decoding: fields[row, column], as: UTF8.self)
            }
          }
        }
        #expect(quick == item.rows)
        try AtomicFile.write(bytes, to: path)
        var streamed: [[String]] = []
        let header = try CSV.forEachRow(contentsOf: path, dialect) { row in
          #expect(row.line == table.line(ofRow: streamed.count))
          streamed.append((0..<row.count).map { row[$0] })
        }
        #expect(streamed == item.rows)
        #expect(header == [])
      }
    }
  }

  @Test func writesWhatItReads() throws {
    for item in try Resource.json("csv.json", as: [Case].self) {
      for separator in [",", ";", "\t"] as [Character] {
        let dialect = CSV.Dialect(separator: separator, hasHeader: false)
        let bytes = try CSV.encode(rows: item.rows, separator: separator)
        #expect(rows(try CSV.decode(bytes, dialect)) == item.rows)
      }
    }
    let text = try CSV.encode(
      header: ["id", "text"], rows: [["1", "a,b"], ["2", "say \"hi\""], ["3", "two\nlines"]])
    #expect(
      String(decoding: text, as: UTF8.self)
        == "id,text\n1,\"a,b\"\n2,\"say \"\"hi\"\"\"\n3,\"two\nlines\"\n")
    #expect(try CSV.encode(rows: [["a"], [""]]) == Array("a\n\"\"\n".utf8))
    #expect(try CSV.line(["1", "a;b"], separator: ";") == "1;\"a;b\"")
    #expect(throws: FormatError.self) { try CSV.encode(header: ["a"], rows: [["1", "2"]]) }
    #expect(throws: FormatError.self) { try CSV.encode(rows: [["1", "2"], ["3"]]) }
    #expect(throws: FormatError.self) { try CSV.encode(rows: [[]]) }
    #expect(throws: FormatError.self) { try CSV.encode(rows: [["1"]], separator: "\"") }
  }

  @Test func tellsMissingFromEmpty() throws {
    let table = try CSV.decode(Array("a,b\n,\"\"\n".utf8))
    table.withFields { fields in
      #expect(fields[0, 0].isEmpty && fields[0, 1].isEmpty)
      #expect(!fields.isQuoted(row: 0, column: 0))
      #expect(fields.isQuoted(row: 0, column: 1))
    }
    #expect(table.columnIndex("b") == 1)
    #expect(table.columnIndex("c") == nil)
    #expect(table.column(0) == [""])
  }

  @Test func leavesOutBlankLinesTitlesAndComments() throws {
    let text = Array("title, of the table\n\n# note\na,b\n\r\n1,2\n# more\n\n3,4\n\n".utf8)
    let table = try CSV.decode(text, CSV.Dialect(skippedLines: 1, comment: "#"))
    #expect(table.header == ["a", "b"])
    #expect(rows(table) == [["1", "2"], ["3", "4"]])
    #expect(table.line(ofRow: 0) == 6)
    #expect(table.line(ofRow: 1) == 9)
    let blank = try CSV.decode(
      Array("a\n\n1\n".utf8), CSV.Dialect(skipsBlankLines: false))
    #expect(rows(blank) == [[""], ["1"]])
    #expect(try CSV.decode(Array("a,b\n".utf8)).rowCount == 0)
  }

  @Test func readsEncodings() throws {
    let expected = [["年", "気温(℃)", "①表"], ["2003", "ｶﾅ", "ソ能"]]
    let japanese = CSV.Dialect(hasHeader: false, encoding: .shiftJIS)
    #expect(rows(try CSV.read(contentsOf: try Resource.path("japanese.csv"), plain)) == expected)
    let sjis = try Resource.path("japanese.sjis.csv")
    #expect(rows(try CSV.read(contentsOf: sjis, japanese)) == expected)
    var streamed: [[String]] = []
    let header = try CSV.forEachRow(
      contentsOf: sjis, CSV.Dialect(encoding: .shiftJIS)
    ) { row in streamed.append((0..<row.count).map { row[$0] }) }
    #expect([header] + streamed == expected)
    #expect(
      refusal { try CSV.read(contentsOf: sjis) }?
        .contains("\(sjis): line 1 is not UTF-8 text (byte 0x94); if the file is Shift_JIS") == true
    )
    #expect(
      refusal { try CSV.decode(Array("a\nb\n".utf8) + [0x81], japanese) }?
        .contains("line 3 is not Shift_JIS text (byte 0x81)") == true)
    #expect(refusal { try CSV.decode([0xFF, 0xFE, 97, 0]) }?.contains("UTF-16") == true)
  }

  /// Swift's own decoder says which bytes are UTF-8.
  @Test func refusesExactlyWhatIsNotUTF8() {
    let tails: [[UInt8]] = [[], [0x80], [0x80, 0x80], [0x80, 0x80, 0x80], [0xBF, 0xBF], [0x41]]
    for first in UInt8(0x80)...0xFF {
      for second in stride(from: UInt8(0x70), to: 0xD0, by: 0x08) {
        for tail in tails {
          let bytes = [first, second] + tail + [UInt8](repeating: 0x61, count: 9)
          let isText = String(validating: bytes, as: UTF8.self) != nil
          #expect((refusal { try CSV.decode(bytes, plain) } == nil) == isText, "\(bytes)")
        }
      }
    }
  }

  @Test(arguments: [
    ("", "there is no line, but a header"),
    ("\n\n", "there is no line, but a header"),
    ("a,b\n1,2\n3\n", "line 3 has 1 field, but the first row has 2"),
    ("a,b\n1,2\n3", "line 3 has 1 field, but the first row has 2"),
    ("a,b\r\n1,2,3\r\n", "line 2 has 3 fields, but the first row has 2"),
    ("a,b\n\"x\ny\",2\n1,2,\n", "line 4 has 3 fields, but the first row has 2"),
    ("a\n\"x\n", "line 2 opens a quote that is never closed"),
    ("a\n\"x\"\"\n", "line 2 opens a quote that is never closed"),
    ("a\n\n\"x\" y\n", "line 3 has text behind a closing quote"),
    ("a\n\"x\"y\"\n", "line 2 has text behind a closing quote"),
  ])
  func refusesMalformedText(_ text: String, _ message: String) throws {
    let found = refusal { try CSV.decode(Array(text.utf8)) }
    #expect(found?.hasPrefix("csv: \(message)") == true, "\(found ?? "accepted")")
    let folder = try TemporaryFolder()
    try AtomicFile.write(Array(text.utf8), to: folder.file("a.csv"))
    let streamed = refusal { try CSV.forEachRow(contentsOf: folder.file("a.csv")) { _ in } }
    #expect(streamed?.contains(": \(message)") == true, "\(streamed ?? "accepted")")
  }

  @Test func refusesImpossibleDialects() {
    for separator in ["\"", "\n", "\r", "、"] as [Character] {
      #expect(throws: FormatError.self) {
        try CSV.decode(Array("a\n".utf8), CSV.Dialect(separator: separator))
      }
    }
    #expect(throws: FormatError.self) {
      try CSV.decode(Array("a\n".utf8), CSV.Dialect(comment: "※"))
    }
  }
}

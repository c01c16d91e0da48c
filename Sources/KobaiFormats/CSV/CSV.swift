/// A table of text fields from a CSV file.
///
///     let table = try CSV.decode(Array("name,age\n\"Braund, Mr. Owen\",22\n".utf8))
///     table.header                       // ["name", "age"]
///     table[0, 0]                        // "Braund, Mr. Owen"
///     table[0, 1]                        // "22"
///
/// Fields are text; what they mean is for the reader of the table to say. Quoted fields may hold
/// separators, line ends and doubled quotes; a quote inside of an unquoted field is an ordinary
/// character; spaces belong to the field. Lines end with LF, CRLF or CR. All rows must have the same
/// number of fields.
///
/// The table holds the text and eight bytes per field. For files that are too large for that there is
/// ``forEachRow(contentsOf:_:_:)``.
///
/// Source: RFC 4180.
public struct CSV: Sendable {
  /// The names of the columns; empty if the file has no header.
  public let header: [String]
  /// The number of rows, without the header.
  public let rowCount: Int
  /// The number of fields in each row.
  public let columnCount: Int

  let text: [UInt8]
  /// The fields row after row, without those of the header.
  let spans: [CSVSpan]

  /// Reads a file.
  ///
  ///     let iris = try CSV.read(contentsOf: "iris.csv")
  ///     let weather = try CSV.read(contentsOf: "weather.csv", CSV.Dialect(encoding: .shiftJIS))
  ///
  /// - Throws: `FileError` if it cannot be read; `FormatError`, with the number of the line, if its
  ///   bytes are not text in the dialect's encoding, a quote is not closed, a row is longer or shorter
  ///   than the first, or there is no row at all.
  public static func read(contentsOf path: String, _ dialect: Dialect = Dialect()) throws -> CSV {
    try decoding(path) { bytes throws(FormatError) in try decode(bytes, dialect) }
  }

  /// Reads from memory.
  ///
  /// - Throws: `FormatError` as `read(contentsOf:_:)` does.
  public static func decode(
    _ bytes: [UInt8], _ dialect: Dialect = Dialect()
  ) throws(FormatError) -> CSV {
    let (text, start) = try dialect.encoding.text(of: bytes)
    guard text.count <= Int(UInt32.max) else {
      throw FormatError(
        "csv",
        "the text has \(text.count) bytes, more than the \(UInt32.max) that a table can hold; "
          + "read it row by row with CSV.forEachRow")
    }
    let result = text.withUnsafeBufferPointer { buffer in
      Result { () throws(FormatError) in try parse(buffer, from: start, dialect) }
    }
    let (header, spans, columnCount) = try result.get()
    return CSV(
      header: header, rowCount: spans.count / columnCount, columnCount: columnCount, text: text,
      spans: spans)
  }

  private static func parse(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, _ dialect: Dialect
  ) throws(FormatError) -> (header: [String], spans: [CSVSpan], columnCount: Int) {
    var parser = try CSVParser(text, from: start, dialect)
    var spans: [CSVSpan] = []
    guard try parser.nextRow(&spans) else { throw CSVParser.nothing(dialect) }
    let columnCount = spans.count
    var header: [String] = []
    if dialect.hasHeader {
      header = spans.map { $0.string(text) }
      spans.removeAll(keepingCapacity: true)
    }
    // The first row's length foretells how many fields there will be, an eighth more is cheap, and
    // there are no more fields than bytes.
    let rows = (text.count - start) / Swift.max(parser.position - start, 1) + 1
    spans.reserveCapacity(Swift.min((rows + rows / 8) * columnCount, text.count + 1))
    while true {
      let before = spans.count
      guard try parser.nextRow(&spans) else { return (header, spans, columnCount) }
      guard spans.count - before == columnCount else {
        throw parser.ragged(spans.count - before, columnCount)
      }
    }
  }

  /// One field, without its quotes.
  public subscript(row: Int, column: Int) -> String {
    text.withUnsafeBufferPointer { span(row, column).string($0) }
  }

  /// All fields of a column, from the first row to the last.
  public func column(_ index: Int) -> [String] {
    text.withUnsafeBufferPointer { text in
      (0..<rowCount).map { span($0, index).string(text) }
    }
  }

  /// The first column of that name; nil if there is none.
  public func columnIndex(_ name: String) -> Int? { header.firstIndex(of: name) }

  /// The line of the file on which a row begins, counted from 1.
  public func line(ofRow row: Int) -> Int {
    text.withUnsafeBufferPointer { CSVParser.line(in: $0, at: Int(span(row, 0).start)) }
  }

  private func span(_ row: Int, _ column: Int) -> CSVSpan {
    precondition(
      row >= 0 && row < rowCount && column >= 0 && column < columnCount,
      "CSV: row \(row), column \(column) is outside of \(rowCount) rows of \(columnCount) columns")
    return spans[row * columnCount + column]
  }
}

extension CSV {
  /// How a file separates, quotes and encodes its fields.
  public struct Dialect: Sendable, Hashable {
    /// What stands between fields: one ASCII character.
    public var separator: Character
    /// Whether the first line names the columns.
    public var hasHeader: Bool
    /// How the file's bytes stand for text.
    public var encoding: Encoding
    /// Whether lines without any character are left out; otherwise they are rows of one empty field.
    public var skipsBlankLines: Bool
    /// Lines to leave out at the start of the file: titles, for example.
    public var skippedLines: Int
    /// Lines that begin with this ASCII character are left out.
    public var comment: Character?

    /// RFC 4180 in UTF-8, unless told otherwise.
    public init(
      separator: Character = ",", hasHeader: Bool = true, encoding: Encoding = .utf8,
      skipsBlankLines: Bool = true, skippedLines: Int = 0, comment: Character? = nil
    ) {
      self.separator = separator
      self.hasHeader = hasHeader
      self.encoding = encoding
      self.skipsBlankLines = skipsBlankLines
      self.skippedLines = skippedLines
      self.comment = comment
    }
  }

  /// How a file's bytes stand for text.
  public enum Encoding: Sendable, Hashable {
    /// UTF-8, with or without a byte order mark.
    case utf8
    /// Shift_JIS as Windows writes it (code page 932).
    case shiftJIS
  }
}

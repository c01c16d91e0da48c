extension CSV {
  /// The bytes of a table's fields: UTF-8, without quotes around them.
  @frozen
  public struct Fields {
    /// The number of rows, without the header.
    @usableFromInline let text: UnsafeBufferPointer<UInt8>
    @usableFromInline let spans: UnsafeBufferPointer<CSVSpan>
    public let rowCount: Int
    /// The number of fields in each row.
    public let columnCount: Int

    @usableFromInline
    init(
      text: UnsafeBufferPointer<UInt8>, spans: UnsafeBufferPointer<CSVSpan>, rowCount: Int,
      columnCount: Int
    ) {
      self.text = text
      self.spans = spans
      self.rowCount = rowCount
      self.columnCount = columnCount
    }

    @inlinable
    func span(_ row: Int, _ column: Int) -> CSVSpan {
      precondition(row >= 0 && row < rowCount && column >= 0 && column < columnCount)
      return spans[row * columnCount + column]
    }

    /// A field as it stands in the file: quotes inside of it are still doubled.
    @inlinable
    public subscript(row: Int, column: Int) -> UnsafeBufferPointer<UInt8> {
      span(row, column).bytes(text)
    }

    /// Whether quotes stand around a field: `""` is an empty text where nothing is a missing one.
    @inlinable
    public func isQuoted(row: Int, column: Int) -> Bool { span(row, column).isQuoted(text) }

    /// Whether a field holds doubled quotes; `string(row:column:)` undoes them.
    @inlinable
    public func hasEscapes(row: Int, column: Int) -> Bool { span(row, column).hasEscapes(text) }

    /// A field as text.
    public func string(row: Int, column: Int) -> String { span(row, column).string(text) }
  }

  /// Gives access to the bytes of all fields without a `String` for each.
  ///
  ///     let missing = table.withFields { fields in
  ///       (0..<fields.rowCount).count { fields[$0, 3].isEmpty }
  ///     }
  ///
  /// The bytes are valid only inside of `body`.
  public func withFields<R>(_ body: (Fields) throws -> R) rethrows -> R {
    try text.withUnsafeBufferPointer { text in
      try spans.withUnsafeBufferPointer { spans in
        try body(Fields(text: text, spans: spans, rowCount: rowCount, columnCount: columnCount))
      }
    }
  }
}

extension CSV {
  /// One row of a file that is read row by row.
  public struct Row {
    let text: UnsafeBufferPointer<UInt8>
    let spans: [CSVSpan]
    /// Where the row begins in the whole text.
    let whole: UnsafeBufferPointer<UInt8>
    let origin: Int

    /// The number of fields.
    public var count: Int { spans.count }

    /// A field as text.
    public subscript(column: Int) -> String { spans[column].string(text) }

    /// The bytes of a field as they stand in the file: quotes inside of it are still doubled.
    public func bytes(_ column: Int) -> UnsafeBufferPointer<UInt8> { spans[column].bytes(text) }

    /// Whether quotes stand around a field.
    public func isQuoted(_ column: Int) -> Bool { spans[column].isQuoted(text) }

    /// The line of the file on which the row begins, counted from 1. It is counted for each call.
    public var line: Int { CSVParser.line(in: whole, at: origin) }
  }

  /// Calls `body` with each row of a file, and keeps none: for files larger than memory.
  ///
  ///     var sum = 0.0
  ///     try CSV.forEachRow(contentsOf: "fares.csv") { row in sum += Double(row[2]) ?? 0 }
  ///
  /// A row is valid only inside of `body`.
  ///
  /// - Returns: the header; empty if the dialect has none.
  /// - Throws: as `read(contentsOf:_:)` does, possibly after some rows; what `body` throws.
  @discardableResult
  public static func forEachRow(
    contentsOf path: String, _ dialect: Dialect = Dialect(), _ body: (Row) throws -> Void
  ) throws -> [String] {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    do {
      // UTF-8 is read where it lies; other encodings are converted as a whole.
      if dialect.encoding == .utf8 {
        let bytes = file.bytes.bindMemory(to: UInt8.self)
        let start = try Encoding.startOfUTF8(bytes)
        return try forEachRow(of: bytes, from: start, dialect, body)
      }
      let (text, start) = try dialect.encoding.text(of: Array(file.bytes))
      return try text.withUnsafeBufferPointer { try forEachRow(of: $0, from: start, dialect, body) }
    } catch let error as FormatError where error.path == nil {
      throw error.at(path)
    }
  }

  private static func forEachRow(
    of text: UnsafeBufferPointer<UInt8>, from start: Int, _ dialect: Dialect,
    _ body: (Row) throws -> Void
  ) throws -> [String] {
    var parser = try CSVParser(text, from: start, dialect)
    var header: [String]?
    var columnCount: Int?
    while true {
      let origin = Swift.max(parser.position - 1, 0)
      parser.origin = origin
      var spans: [CSVSpan] = []
      spans.reserveCapacity(columnCount ?? 0)
      guard try parser.nextRow(&spans) else { break }
      guard parser.position - origin <= Int(UInt32.max) else {
        throw FormatError("csv", "a row has more than \(UInt32.max) bytes")
      }
      let expected = columnCount ?? spans.count
      guard spans.count == expected else { throw parser.ragged(spans.count, expected) }
      columnCount = expected
      let rest = UnsafeBufferPointer(rebasing: text[origin...])
      if dialect.hasHeader && header == nil {
        header = spans.map { $0.string(rest) }
      } else {
        let first = origin + Int(spans.first?.start ?? 0)
        try body(Row(text: rest, spans: spans, whole: text, origin: first))
      }
    }
    guard columnCount != nil else { throw CSVParser.nothing(dialect) }
    return header ?? []
  }
}

extension CSV {
  /// The bytes of a file with these rows, in UTF-8; each line ends with LF.
  ///
  ///     try CSV.encode(header: ["id", "text"], rows: [["1", "a,b"], ["2", "say \"hi\""]])
  ///     // id,text
  ///     // 1,"a,b"
  ///     // 2,"say ""hi"""
  ///
  /// - Throws: `FormatError` if rows have different numbers of fields, or none.
  public static func encode(
    header: [String] = [], rows: [[String]], separator: Character = ","
  ) throws(FormatError) -> [UInt8] {
    let byte = try CSVParser.checked(separator, "separator")
    let columnCount = header.isEmpty ? rows.first?.count ?? 0 : header.count
    var result: [UInt8] = []
    if !header.isEmpty { append(header, byte, to: &result) }
    for (index, row) in rows.enumerated() {
      guard row.count == columnCount, columnCount > 0 else {
        throw FormatError(
          "csv",
          "row \(index) has \(row.count) fields, but \(columnCount) belong there, at least one")
      }
      append(row, byte, to: &result)
    }
    return result
  }

  /// Writes a file with these rows, as `encode(header:rows:separator:)` gives it. It appears complete
  /// or not at all.
  ///
  /// - Throws: `FormatError` as `encode` does, `FileError` if the file cannot be written.
  public static func write(
    header: [String] = [], rows: [[String]], separator: Character = ",", to path: String
  ) throws {
    try AtomicFile.write(try encode(header: header, rows: rows, separator: separator), to: path)
  }

  /// One line of a file, without its end: for logs that grow line by line.
  ///
  ///     try CSV.line(["1", "a,b"])     // 1,"a,b"
  ///
  /// - Throws: `FormatError` if the separator cannot be one.
  public static func line(
    _ fields: [String], separator: Character = ","
  ) throws(FormatError) -> String {
    var result: [UInt8] = []
    append(fields, try CSVParser.checked(separator, "separator"), to: &result)
    return String(decoding: result.dropLast(), as: UTF8.self)
  }

  private static func append(_ fields: [String], _ separator: UInt8, to result: inout [UInt8]) {
    let quote = UInt8(ascii: "\"")
    for (index, field) in fields.enumerated() {
      if index > 0 { result.append(separator) }
      // A lone empty field would be a blank line, which readers leave out.
      let isQuoted =
        fields.count == 1 && field.isEmpty
        || field.utf8.contains { $0 == separator || $0 == quote || $0 == 0x0A || $0 == 0x0D }
      guard isQuoted else {
        result += field.utf8
        continue
      }
      result.append(quote)
      for byte in field.utf8 {
        if byte == quote { result.append(quote) }
        result.append(byte)
      }
      result.append(quote)
    }
    result.append(0x0A)
  }
}

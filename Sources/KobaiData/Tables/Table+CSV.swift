import KobaiFormats

extension Table {
  /// What a file writes for a missing value, unless other texts are given.
  public static let usualMissing = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"]

  /// Reads a CSV file. What a column holds shows in all of its values: whole numbers (`int`), numbers
  /// (`double`), `true` and `false` in any case (`bool`), otherwise text (`string`). Missing values
  /// have no say; a column of nothing else is `double`.
  ///
  ///     let table = try Table(csv: "housing.csv")
  ///     let other = try Table(csv: "KDDTest+.txt", header: false, names: ["duration", "protocol", …])
  ///
  /// - Parameters:
  ///   - separator: what stands between values.
  ///   - header: whether the first line names the columns; otherwise they are `column0`, `column1`, …
  ///   - names: other names for the columns.
  ///   - encoding: UTF-8 or Shift_JIS.
  ///   - missing: the texts that stand for a missing value, spaces around them aside.
  ///   - types: the types of columns that are not to be found out.
  ///   - skippedLines: lines of titles before the header.
  ///   - comment: lines that begin with it are left out.
  /// - Throws: `FileError` and `FormatError` if the file cannot be read; `TableError` if names are not as
  ///   many as columns, stand twice, or a value is not of the type in `types`.
  public init(
    csv path: String, separator: Character = ",", header: Bool = true, names: [String]? = nil,
    encoding: CSV.Encoding = .utf8, missing: [String] = Table.usualMissing,
    types: [String: ColumnType] = [:], skippedLines: Int = 0, comment: Character? = nil
  ) throws {
    let csv = try CSV.read(
      contentsOf: path,
      CSV.Dialect(
        separator: separator, hasHeader: header, encoding: encoding, skippedLines: skippedLines,
        comment: comment))
    do {
      try self.init(csv, names: names, missing: missing, types: types)
    } catch {
      throw TableError("\(path): \(error.message)")
    }
  }

  /// The columns of a CSV file that has been read, or decoded from memory.
  public init(
    _ csv: CSV, names: [String]? = nil, missing: [String] = Table.usualMissing,
    types: [String: ColumnType] = [:]
  ) throws(TableError) {
    var names = names ?? csv.header
    if names.isEmpty { names = (0..<csv.columnCount).map { "column\($0)" } }
    guard names.count == csv.columnCount else {
      throw TableError(
        "\(names.count) names are given for \(csv.columnCount) columns; give one for each")
    }
    for name in types.keys where !names.contains(name) {
      throw TableError("a type is given for \"\(name)\", but there is no such column")
    }
    let reader = FieldReader(missing: missing)
    let result = csv.withFields { fields in
      Result { () throws(TableError) -> [Column] in
        var columns: [Column] = []
        for (position, name) in names.enumerated() {
          let type = types[name] ?? reader.type(of: fields, position)
          guard let values = reader.values(of: fields, position, type) else {
            let row = reader.firstRow(of: fields, position, isNot: type)
            throw TableError(
              "line \(csv.line(ofRow: row)): \"\(csv[row, position])\" in column \"\(name)\" is no "
                + "\(type.rawValue)")
          }
          columns.append(Column(name, values))
        }
        return columns
      }
    }
    try self.init(try result.get())
  }

  /// Writes the table as a CSV file with a header; missing values are empty.
  ///
  /// - Throws: `FileError` if it cannot be written.
  public func write(csv path: String, separator: Character = ",") throws {
    let rows = (0..<count).map { row in
      columns.map { column in
        let value = column[row]
        return value.isMissing ? "" : value.description
      }
    }
    try CSV.write(header: columnNames, rows: rows, separator: separator, to: path)
  }
}

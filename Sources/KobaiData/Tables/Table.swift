import KobaiTensor

/// Data in rows and named columns, each of one type, with values that may be missing.
///
///     let table = try Table(csv: "titanic/train.csv")
///     table.count                        // 891
///     table.columnNames                  // ["PassengerId", "Survived", "Pclass", …]
///     table["Age"].missingCount          // 177
///     print(table.head())
///     let features = try table.drop(["Name", "Ticket"])
///
/// A table is a value; every change gives a new one. To make tensors of it, see `TableEncoder`, and
/// `tensor(_:)` for columns that are numbers already.
public struct Table: Sendable, Hashable {
  /// The columns in order; all have the same number of values, and no two the same name.
  public let columns: [Column]
  private let index: [String: Int]

  /// - Throws: `TableError` if two columns have the same name or lengths differ.
  public init(_ columns: [Column]) throws(TableError) {
    var index: [String: Int] = [:]
    for (position, column) in columns.enumerated() {
      guard index.updateValue(position, forKey: column.name) == nil else {
        throw TableError(
          "two columns have the name \"\(column.name)\"; names must differ: rename one of them")
      }
      guard column.count == columns[0].count else {
        throw TableError(
          "column \"\(column.name)\" has \(column.count) values where \"\(columns[0].name)\" has "
            + "\(columns[0].count); all columns of a table have the same length")
      }
    }
    self.columns = columns
    self.index = index
  }

  /// Columns that are known to fit together: those of another table.
  init(fitting columns: [Column]) {
    self.columns = columns
    index = Dictionary(
      columns.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The number of rows.
  public var count: Int { columns.first?.count ?? 0 }

  /// The names of the columns in order.
  public var columnNames: [String] { columns.map(\.name) }

  /// Whether there is a column of that name.
  public func contains(_ name: String) -> Bool { index[name] != nil }

  /// The column of that name.
  ///
  /// - Throws: `TableError` that names the columns there are.
  public func column(_ name: String) throws(TableError) -> Column {
    guard let position = index[name] else { throw noColumn(name) }
    return columns[position]
  }

  /// The column of that name, which must exist; `column(_:)` throws where names are a user's.
  public subscript(name: String) -> Column {
    guard let position = index[name] else {
      return misuse(noColumn(name).message, else: Column(name, .double([])))
    }
    return columns[position]
  }

  /// One row.
  public subscript(row: Int) -> Row { Row(table: self, index: row) }

  /// A row of a table: its values by the columns' names.
  public struct Row: Sendable {
    let table: Table
    /// The number of the row, from 0.
    public let index: Int

    /// The value in the column of that name, which must exist.
    public subscript(name: String) -> Value { table[name][index] }

    /// The values in the order of the columns.
    public var values: [Value] { table.columns.map { $0[index] } }
  }

  func noColumn(_ name: String) -> TableError {
    TableError(
      "there is no column \"\(name)\"; the columns are "
        + columnNames.map { "\"\($0)\"" }.joined(separator: ", "))
  }
}

/// A table that cannot be read, or that lacks what is asked of it.
public struct TableError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence: what was found, what must hold, what to do.
  public let message: String
  /// An error with this sentence.
  public init(_ message: String) { self.message = message }
  public var description: String { "table: \(message)" }
}

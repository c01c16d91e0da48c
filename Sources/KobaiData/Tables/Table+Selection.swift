import KobaiOperators
import KobaiTensor

extension Table {
  /// The columns of those names, in that order.
  ///
  /// - Throws: `TableError` if there is no such column.
  public func select(_ names: [String]) throws(TableError) -> Table {
    var picked: [Column] = []
    for name in names { picked.append(try column(name)) }
    return try Table(picked)
  }

  /// The table without the columns of those names.
  ///
  /// - Throws: `TableError` if there is no such column.
  public func drop(_ names: [String]) throws(TableError) -> Table {
    for name in names { _ = try column(name) }
    let dropped = Set(names)
    return Table(fitting: columns.filter { !dropped.contains($0.name) })
  }

  /// The table with a column added at the end, or in the place of one of the same name.
  ///
  /// - Throws: `TableError` if its length differs.
  public func with(_ column: Column) throws(TableError) -> Table {
    contains(column.name)
      ? try Table(columns.map { $0.name == column.name ? column : $0 })
      : try Table(columns + [column])
  }

  /// The rows of those numbers, in that order.
  public func rows(_ indices: [Int]) -> Table { Table(fitting: columns.map { $0.rows(indices) }) }

  /// The rows in that range.
  public func rows(_ range: Range<Int>) -> Table { rows(Array(range)) }

  /// The rows for which `isIncluded` holds.
  ///
  ///     table.filter { $0["Age"].number ?? 0 >= 18 }
  public func filter(_ isIncluded: (Row) throws -> Bool) rethrows -> Table {
    rows(try (0..<count).filter { try isIncluded(self[$0]) })
  }

  /// The rows without a missing value in the columns of those names (all columns unless given).
  ///
  /// - Throws: `TableError` if there is no such column.
  public func dropMissing(_ names: [String]? = nil) throws(TableError) -> Table {
    var picked: [Column] = []
    for name in names ?? columnNames { picked.append(try column(name)) }
    return rows((0..<count).filter { row in !picked.contains { $0[row].isMissing } })
  }

  /// The first rows.
  public func head(_ count: Int = 5) -> Table {
    rows(0..<Swift.min(Swift.max(0, count), self.count))
  }

  /// The last rows.
  public func tail(_ count: Int = 5) -> Table {
    rows(Swift.max(0, self.count - Swift.max(0, count))..<self.count)
  }

  /// The rows of another table with the same columns behind those of this one.
  ///
  /// - Throws: `TableError` if the names or types of the columns differ.
  public func appending(_ other: Table) throws(TableError) -> Table {
    var joined: [Column] = []
    guard other.columns.count == columns.count else {
      throw TableError(
        "the tables have \(columns.count) and \(other.columns.count) columns; both need the same")
    }
    for column in columns {
      let values: Column.Values
      switch (column.values, try other.column(column.name).values) {
      case (.int(let a), .int(let b)): values = .int(a + b)
      case (.double(let a), .double(let b)): values = .double(a + b)
      case (.int(let a), .double(let b)): values = .double(a.map { $0.map(Double.init) } + b)
      case (.double(let a), .int(let b)): values = .double(a + b.map { $0.map(Double.init) })
      case (.bool(let a), .bool(let b)): values = .bool(a + b)
      case (.string(let a), .string(let b)): values = .string(a + b)
      default:
        throw TableError(
          "column \"\(column.name)\" holds \(column.type.rawValue) in one table and "
            + "\(try other.column(column.name).type.rawValue) in the other; read both with the same types"
        )
      }
      joined.append(Column(column.name, values))
    }
    return Table(fitting: joined)
  }

  /// The rows dealt at random to parts of the given fractions, by `Dataset.randomSplit(_:generator:)`.
  ///
  ///     let parts = table.randomSplit([0.8, 0.2], generator: Generator(seed: 0))
  public func randomSplit(_ fractions: [Double], generator: Generator? = nil) -> [Table] {
    (0..<count).randomSplit(fractions, generator: generator).map { rows($0.indices) }
  }

  /// The rows dealt at random to parts in which each value of a column has the same share: each value's
  /// rows are split on their own, values in order, and each part keeps the order of the table.
  ///
  /// - Throws: `TableError` if there is no such column.
  public func randomSplit(
    _ fractions: [Double], stratifiedBy name: String, generator: Generator? = nil
  ) throws(TableError) -> [Table] {
    let texts = try column(name).texts
    var groups: [String?: [Int]] = [:]
    for (row, text) in texts.enumerated() { groups[text, default: []].append(row) }
    var parts = fractions.map { _ in [Int]() }
    for key in groups.keys.sorted(by: { ($0 ?? "") < ($1 ?? "") }) {
      guard let members = groups[key] else { continue }
      let split = (0..<members.count).randomSplit(fractions, generator: generator)
      for (part, subset) in split.enumerated() { parts[part] += subset.indices.map { members[$0] } }
    }
    return parts.map { rows($0.sorted()) }
  }
}

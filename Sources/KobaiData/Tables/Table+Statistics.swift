extension Table {
  /// How many values each column lacks, for the columns that lack any.
  ///
  ///     try Table(csv: "titanic/train.csv").missingCounts
  ///     // [("Age", 177), ("Cabin", 687), ("Embarked", 2)]
  public var missingCounts: [(name: String, count: Int)] {
    columns.compactMap { column in
      let count = column.missingCount
      return count > 0 ? (column.name, count) : nil
    }
  }

  /// The values of a column with how often each occurs, the most frequent first (equal ones in the order
  /// of their values). Missing values are left out.
  ///
  /// - Throws: `TableError` if there is no such column.
  public func valueCounts(_ name: String) throws(TableError) -> [(value: String, count: Int)] {
    try column(name).valueCounts
  }

  /// Statistics of the columns that hold numbers, in a table with one row for each statistic: the
  /// number of values, mean, standard deviation (n − 1), least value, quartiles (interpolated
  /// linearly), greatest value. As `pandas.DataFrame.describe` gives them.
  public func describe() -> Table {
    let names = ["count", "mean", "std", "min", "25%", "50%", "75%", "max"]
    let numeric = columns.filter { $0.type == .int || $0.type == .double }
    return Table(
      fitting: [Column("", .string(names))]
        + numeric.map { column in
          let summary = ColumnSummary((column.numbers ?? []).compactMap { $0 })
          return Column(
            column.name.isEmpty ? " " : column.name,
            .double(
              [
                Double(summary.count), summary.mean, summary.std, summary.min,
                summary.quantile(0.25), summary.quantile(0.5), summary.quantile(0.75), summary.max,
              ]))
        })
  }
}

extension Table.Column {
  /// The values with how often each occurs, the most frequent first, equal ones by value.
  var valueCounts: [(value: String, count: Int)] {
    var counts: [String: Int] = [:]
    for case let text? in texts { counts[text, default: 0] += 1 }
    return categories.enumerated()
      .map { (place: $0, value: $1, count: counts[$1, default: 0]) }
      .sorted { ($1.count, $0.place) < ($0.count, $1.place) }
      .map { (value: $0.value, count: $0.count) }
  }

  /// The distinct values as text, in order: numbers by value, text by its characters' numbers.
  var categories: [String] {
    switch values {
    case .int(let values): Set(values.compactMap { $0 }).sorted().map { "\($0)" }
    case .double(let values):
      Set(values.compactMap { $0 }).sorted().map { Table.Value.double($0).description }
    case .bool(let values): Set(values.compactMap { $0 }).sorted { !$0 && $1 }.map { "\($0)" }
    case .string(let values):
      Set(values.compactMap { $0 })
        .sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    }
  }
}

/// What is said of a column of numbers; nil where there are too few.
struct ColumnSummary {
  private let sorted: [Double]
  let mean: Double?

  init(_ numbers: [Double]) {
    sorted = numbers.sorted()
    // Around one of the numbers, so that a large common part does not cost digits.
    let origin = sorted.first ?? 0
    mean =
      sorted.isEmpty
      ? nil : origin + sorted.reduce(0) { $0 + ($1 - origin) } / Double(sorted.count)
  }

  var count: Int { sorted.count }
  var min: Double? { sorted.first }
  var max: Double? { sorted.last }
  var median: Double? { quantile(0.5) }

  /// The standard deviation of a sample, with n − 1.
  var std: Double? {
    count > 1 ? (squares / Double(count - 1)).squareRoot() : nil
  }

  /// The standard deviation of a whole, with n.
  var populationStd: Double? { count > 0 ? (squares / Double(count)).squareRoot() : nil }

  private var squares: Double {
    let mean = mean ?? 0
    return sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  }

  /// Interpolated linearly between the neighbours, as NumPy's default.
  func quantile(_ q: Double) -> Double? {
    guard !sorted.isEmpty else { return nil }
    let place = q * Double(count - 1)
    let below = Int(place)
    let above = Swift.min(below + 1, count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
  }
}

extension TableEncoder {
  /// Finds the statistics, categories and classes of a table.
  ///
  /// - Parameters:
  ///   - target: the column to predict, if there is one.
  ///   - names: the columns to encode; all but the target unless given.
  /// - Throws: `TableError` if there is no such column, a column has only missing values, a category column
  ///   more categories than `options.maxCategories`, or the target misses values.
  public init(
    fitting table: Table, target: String? = nil, features names: [String]? = nil,
    options: Options = Options()
  ) throws(TableError) {
    guard table.count > 0 else {
      throw TableError("the table has no rows; an encoder needs some to find means and categories")
    }
    for name in options.categorical { _ = try table.column(name) }
    var features: [Feature] = []
    for name in names ?? table.columnNames.filter({ $0 != target }) {
      guard name != target else {
        throw TableError("column \"\(name)\" is the target; it cannot be a feature too")
      }
      let column = try table.column(name)
      guard column.missingCount < column.count else {
        throw TableError("column \"\(name)\" has no value in any row; leave it out")
      }
      let isCategory = column.type == .string || options.categorical.contains(name)
      features.append(
        Feature(
          name: name, type: column.type,
          encoding: isCategory
            ? try Self.category(column, options) : try Self.number(column, options)))
    }
    guard !features.isEmpty else {
      throw TableError("there is no column to encode besides the target")
    }
    self.options = options
    self.features = features
    self.target = try target.map { name throws(TableError) in
      try Self.target(try table.column(name), options)
    }
  }

  private static func number(
    _ column: Table.Column, _ options: Options
  ) throws(TableError) -> Feature.Encoding {
    let numbers = column.numbers ?? []
    let summary = ColumnSummary(numbers.compactMap { $0 })
    try checkFinite(column.name, numbers)
    let fill: Double? =
      switch options.missingNumbers {
      case .mean: try finite(summary.mean, column.name)
      case .median: try finite(summary.median, column.name)
      case .mostFrequent: column.valueCounts.first.flatMap { number($0.value) }
      case .constant(let value): value
      case .error: nil
      }
    guard column.type != .bool else {
      return .number(fill: fill.map { $0 < 0.5 ? 0 : 1 }, offset: 0, scale: 1)
    }
    // The statistics are those of the column as the network sees it, with values filled in.
    let filled = ColumnSummary(numbers.compactMap { $0 ?? fill })
    switch options.scaling {
    case .none: return .number(fill: fill, offset: 0, scale: 1)
    case .standard:
      let (mean, std) = try moments(of: filled, column.name)
      return .number(fill: fill, offset: mean, scale: std)
    case .minMax:
      let least = filled.min ?? 0
      let range = try finite((filled.max ?? least) - least, column.name)
      return .number(fill: fill, offset: least, scale: nonzero(range))
    }
  }

  private static func number(_ text: String) -> Double? {
    text == "true" ? 1 : text == "false" ? 0 : Double(text)
  }

  private static func category(
    _ column: Table.Column, _ options: Options
  ) throws(TableError) -> Feature.Encoding {
    var categories = column.categories
    let fill: String? =
      switch options.missingCategories {
      case .mostFrequent: column.valueCounts.first?.value
      case .constant(let name): name
      case .error: nil
      }
    if let fill, !categories.contains(fill) { categories.append(fill) }
    guard categories.count <= options.maxCategories else {
      throw TableError(
        "column \"\(column.name)\" has \(categories.count) categories in \(column.count) rows, more "
          + "than maxCategories = \(options.maxCategories); leave it out, or raise that")
    }
    return .category(categories: categories, fill: fill, code: options.categories)
  }

  private static func target(
    _ column: Table.Column, _ options: Options
  ) throws(TableError) -> Target {
    try checkTarget(column)
    switch options.task ?? task(of: column) {
    case .classification:
      return Target(name: column.name, encoding: .classes(column.categories))
    case .regression:
      guard let numbers = column.numbers else {
        throw TableError(
          "the target \"\(column.name)\" holds text, which cannot be predicted as a number")
      }
      try checkFinite(column.name, numbers)
      guard options.scalesTarget else {
        return Target(name: column.name, encoding: .number(offset: 0, scale: 1))
      }
      let (mean, std) = try moments(of: ColumnSummary(numbers.compactMap { $0 }), column.name)
      return Target(name: column.name, encoding: .number(offset: mean, scale: std))
    }
  }

  /// What a target is unless options say it: text, truth values and few different whole numbers are classes.
  package static func task(of column: Table.Column) -> Task {
    switch column.type {
    case .string, .bool: .classification
    case .int: column.categories.count <= 20 ? .classification : .regression
    case .double: .regression
    }
  }

  static func checkTarget(_ column: Table.Column) throws(TableError) {
    let missing = column.missingCount
    guard missing == 0 else {
      throw TableError(
        "the target \"\(column.name)\" is missing in \(missing) of \(column.count) rows; leave those out "
          + "with dropMissing([\"\(column.name)\"])")
    }
  }

  static func checkFinite(_ name: String, _ numbers: [Double?]) throws(TableError) {
    guard let row = numbers.firstIndex(where: { !($0?.isFinite ?? true) }) else { return }
    throw TableError(
      "column \"\(name)\" holds \(numbers[row].map { "\($0)" } ?? "") in row \(row), which has no place "
        + "among numbers to learn from; make it a missing value or leave the row out")
  }

  /// The mean and a standard deviation to divide by.
  private static func moments(
    of summary: ColumnSummary, _ name: String
  ) throws(TableError) -> (mean: Double, std: Double) {
    (
      try finite(summary.mean, name) ?? 0, nonzero(try finite(summary.populationStd, name))
    )
  }

  private static func finite(_ number: Double?, _ name: String) throws(TableError) -> Double? {
    guard let number, !number.isFinite else { return number }
    throw TableError(
      "column \"\(name)\" holds numbers so large that their mean or spread overflows; state them in a "
        + "larger unit, or as logarithms")
  }

  private static func nonzero(_ scale: Double?) -> Double {
    guard let scale, scale > 0 else { return 1 }
    return scale
  }
}

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
          name: name,
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
      case .mean: summary.mean
      case .median: summary.median
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
      return .number(fill: fill, offset: filled.mean ?? 0, scale: nonzero(filled.populationStd))
    case .minMax:
      let least = filled.min ?? 0
      return .number(fill: fill, offset: least, scale: nonzero((filled.max ?? least) - least))
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
    let categories = column.categories
    let looksLikeClasses =
      switch column.type {
      case .string, .bool: true
      case .int: categories.count <= 20
      case .double: false
      }
    switch options.task ?? (looksLikeClasses ? .classification : .regression) {
    case .classification:
      return Target(name: column.name, encoding: .classes(categories))
    case .regression:
      guard let numbers = column.numbers else {
        throw TableError(
          "the target \"\(column.name)\" holds text, which cannot be predicted as a number")
      }
      try checkFinite(column.name, numbers)
      let summary = ColumnSummary(numbers.compactMap { $0 })
      return Target(
        name: column.name,
        encoding: options.scalesTarget
          ? .number(offset: summary.mean ?? 0, scale: nonzero(summary.populationStd))
          : .number(offset: 0, scale: 1))
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

  private static func nonzero(_ scale: Double?) -> Double {
    guard let scale, scale > 0 else { return 1 }
    return scale
  }
}

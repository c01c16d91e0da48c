import Kobai

extension TrainingData {
  /// The rows of a CSV file, dealt 60 : 20 : 20 by the seed 0. Means, categories and what stands in for
  /// missing values are those of the training part alone.
  static func table(
    _ path: String, target: String?, report: (String) -> Void
  ) throws -> TrainingData {
    guard let target else {
      throw CommandError("\(path) is a table: name the column to predict with --target")
    }
    var table = try Table(csv: path)
    guard table.contains(target) else {
      throw CommandError(
        "\(path) has no column \(target); its columns are \(table.columnNames.joined(separator: ", "))"
      )
    }
    let complete = try table.dropMissing([target])
    if complete.count < table.count {
      report("\(table.count - complete.count) rows without \(target) are left out")
    }
    table = complete
    guard table.count >= 10 else {
      throw CommandError(
        "\(path) has \(table.count) rows with a \(target); at least 10 are needed to train, validate "
          + "and test")
    }
    table = try withoutUseless(table, target: target, report: report)
    for (name, count) in table.missingCounts where count > 0 {
      report(
        "\(name): \(count) of \(table.count) values are missing; a usual value stands in for them")
    }

    let parts = table.randomSplit([0.6, 0.2, 0.2], generator: Generator(seed: 0))
    var options = TableEncoder.Options()
    options.unseen = .ignore
    options.scalesTarget = true
    options.task = task(of: table[target])
    let encoder = try TableEncoder(fitting: parts[0], target: target, options: options)
    if let classes = encoder.classes {
      for part in parts.dropFirst() {
        for case let name? in part[target].texts where !classes.contains(name) {
          throw CommandError(
            "the class \(name) of \(target) is too rare: no row of it fell into the training part; "
              + "leave it out or give more rows")
        }
      }
    }
    let sets = try parts.map { try encoder.dataset(of: $0) }
    return TrainingData(
      train: sets[0], validation: sets[1], test: sets[2], classes: encoder.classes ?? [],
      inputShape: [encoder.featureCount], preparation: .table(encoder),
      task: encoder.classes == nil ? .regression : .classification, testImages: nil)
  }

  /// Text, truth values and few whole numbers are classes.
  private static func task(of column: Table.Column) -> TableEncoder.Task {
    switch column.type {
    case .string, .bool: .classification
    case .int: Set(column.texts).count <= 20 ? .classification : .regression
    case .double: .regression
    }
  }

  /// Leaves out columns from which nothing can be learned: those without values, and text that differs in
  /// almost every row (names, numbers of tickets).
  private static func withoutUseless(
    _ table: Table, target: String, report: (String) -> Void
  ) throws -> Table {
    var useless: [String] = []
    for column in table.columns where column.name != target {
      if column.missingCount == column.count {
        report("\(column.name) is left out: it has no values")
        useless.append(column.name)
      } else if column.type == .string {
        let categories = Set(column.texts).count
        if categories > 100 {
          report("\(column.name) is left out: it has \(categories) different texts")
          useless.append(column.name)
        }
      }
    }
    let rest = try table.drop(useless)
    guard rest.columns.count > 1 else {
      throw CommandError("no column is left to predict \(target) from")
    }
    return rest
  }
}

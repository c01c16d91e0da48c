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
      // One column whose name holds another separator: the file is no CSV in this sense.
      let other = [";", "\t"].first {
        table.columns.count == 1 && table.columnNames[0].contains($0)
      }
      throw CommandError(
        other == nil
          ? "\(path) has no column \(target); its columns are "
            + table.columnNames.joined(separator: ", ")
          : "\(path) separates its fields by \(other == ";" ? "semicolons" : "tabs"); commas are needed"
      )
    }
    try checkNumbers(of: table, path)
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
    let isClass = TableEncoder.task(of: table[target]) == .classification
    guard Set(table[target].texts).count > 1 else {
      throw CommandError(
        "\(target) is \(table[target][0]) in all rows of \(path): there is nothing to learn")
    }

    // Each class has its share of each part, and a rare one is in the training part at least.
    let (fractions, generator) = ([0.6, 0.2, 0.2], Generator(seed: 0))
    var parts =
      isClass
      ? try table.randomSplit(fractions, stratifiedBy: target, generator: generator)
      : table.randomSplit(fractions, generator: generator)
    guard parts.allSatisfy({ $0.count > 0 }) else {
      throw CommandError(
        "\(target) has \(Set(table[target].texts).count) classes in \(table.count) rows, too few of each "
          + "to train, validate and test; give more rows or another target")
    }
    let useless = uselessColumns(of: parts[0], target: target, report: report)
    table = try table.drop(useless)
    parts = try parts.map { try $0.drop(useless) }
    guard table.columns.count > 1 else {
      throw CommandError("no column is left to predict \(target) from")
    }
    for (name, count) in table.missingCounts {
      report(
        "\(name): \(count) of \(table.count) values are missing; a usual value stands in for them")
    }
    var options = TableEncoder.Options()
    options.unseen = .ignore
    options.scalesTarget = true
    options.task = isClass ? .classification : .regression
    let encoder = try TableEncoder(fitting: parts[0], target: target, options: options)
    let sets = try parts.map { try encoder.dataset(of: $0) }
    return TrainingData(
      train: sets[0], validation: sets[1], test: sets[2], classes: encoder.classes ?? [],
      inputShape: [encoder.featureCount], preparation: .table(encoder),
      task: encoder.classes == nil ? .regression : .classification, testImages: nil)
  }

  private static func checkNumbers(of table: Table, _ path: String) throws {
    for column in table.columns {
      guard let numbers = column.numbers,
        let row = numbers.firstIndex(where: { $0.map { !$0.isFinite } ?? false })
      else { continue }
      throw CommandError(
        "\(path): \(column.name) is \(column[row]) in row \(row + 1), from which nothing can be "
          + "learned; leave the field empty or the row out")
    }
  }

  /// Columns from which nothing can be learned: those without values in the training part, and text with
  /// many different values (names, numbers of tickets).
  private static func uselessColumns(
    of part: Table, target: String, report: (String) -> Void
  ) -> [String] {
    let limit = TableEncoder.Options().maxCategories
    return part.columns.filter { $0.name != target }.compactMap { column in
      if column.missingCount == column.count {
        report("\(column.name) is left out: it has no values in the training part")
        return column.name
      }
      guard column.type == .string else { return nil }
      let categories = Set(column.texts.compactMap { $0 }).count
      guard categories > limit else { return nil }
      report("\(column.name) is left out: it has \(categories) different texts")
      return column.name
    }
  }
}

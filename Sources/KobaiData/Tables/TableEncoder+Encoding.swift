import KobaiFormats
import KobaiOperators
import KobaiTensor

extension TableEncoder {
  /// Reads a CSV file whose columns mean what they meant in the table of the fit: a code such as `007` or
  /// `TRUE` among other texts stays a text where it stands alone.
  ///
  ///     let answers = model(try encoder.features(of: encoder.table(csv: "new.csv")))
  ///
  /// - Throws: `FileError`, `FormatError` and `TableError` as `Table(csv:)` does; `TableError` with the line
  ///   if a column of numbers holds text.
  public func table(csv path: String) throws -> Table {
    let csv = try CSV.read(contentsOf: path)
    var types: [String: Table.ColumnType] = [:]
    for feature in features where csv.header.contains(feature.name) {
      switch (feature.type, feature.encoding) {
      case (.string, _): types[feature.name] = .string
      // Whole numbers may be followed by others.
      case (.int, .number), (.double, .number): types[feature.name] = .double
      default: break
      }
    }
    do {
      return try Table(csv, types: types)
    } catch {
      throw TableError("\(path): \(error.message)")
    }
  }

  /// The encoded columns of a table, float32 of shape [rows, `featureCount`].
  ///
  /// - Throws: `TableError` if a column is missing or holds text where it held numbers, a value is missing
  ///   where that is an error, or a category is new and `options.unseen` is `.error`.
  public func features(of table: Table) throws(TableError) -> Tensor {
    let width = featureCount
    var elements = [Float](repeating: 0, count: table.count * width)
    var offset = 0
    for feature in features {
      let column = try table.column(feature.name)
      switch feature.encoding {
      case .number(let fill, let origin, let scale):
        guard let numbers = column.numbers else { throw textInsteadOfNumbers(column) }
        try Self.checkFinite(column.name, numbers)
        for (row, number) in numbers.enumerated() {
          guard let value = number ?? fill else { throw missing(column, row) }
          elements[row * width + offset] = Float((value - origin) / scale)
        }
      case .category(let categories, let fill, let code):
        let places = Dictionary(uniqueKeysWithValues: categories.enumerated().map { ($1, $0) })
        for (row, text) in column.texts.enumerated() {
          guard let category = text ?? fill else { throw missing(column, row) }
          guard let place = places[category] else {
            guard options.unseen == .ignore else { throw unseen(column, category, categories) }
            if code == .ordinal { elements[row * width + offset] = -1 }
            continue
          }
          switch code {
          case .oneHot: elements[row * width + offset + place] = 1
          case .ordinal: elements[row * width + offset] = Float(place)
          }
        }
      }
      offset += feature.encoding.width
    }
    return Tensor(elements, shape: [table.count, width])
  }

  /// The targets of a table: class numbers, int64 of shape [rows], or numbers, float32 of shape
  /// [rows, 1].
  ///
  /// - Throws: `TableError` if there is no target, it misses values, or a class is new.
  public func targets(of table: Table) throws(TableError) -> Tensor {
    guard let target else {
      throw TableError("this encoder was fitted without a target; fit it with target: \"…\"")
    }
    let column = try table.column(target.name)
    try Self.checkTarget(column)
    switch target.encoding {
    case .classes(let classes):
      let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
      var numbers: [Int] = []
      for case let text? in column.texts {
        guard let place = places[text] else { throw unseen(column, text, classes) }
        numbers.append(place)
      }
      return Tensor(numbers, shape: [table.count])
    case .number(let offset, let scale):
      guard let numbers = column.numbers else { throw textInsteadOfNumbers(column) }
      try Self.checkFinite(column.name, numbers)
      return Tensor(
        numbers.compactMap { $0.map { Float(($0 - offset) / scale) } }, shape: [table.count, 1])
    }
  }

  /// Features and targets together.
  ///
  /// - Throws: `TableError` as `features(of:)` and `targets(of:)` do.
  public func dataset(of table: Table) throws(TableError) -> TensorDataset<(Tensor, Tensor)> {
    TensorDataset(try features(of: table), try targets(of: table))
  }

  /// The class of each row of scores ([rows, classes]), or of each class number ([rows]), by its name.
  ///
  ///     encoder.classNames(of: model(x))   // ["setosa", "virginica", …]
  public func classNames(of predictions: Tensor) -> [String] {
    guard let classes else {
      return misuse(
        "classNames: the target of this encoder is no class; use numbers(of:)", else: [])
    }
    let numbers = predictions.rank == 2 ? predictions.argmax(dim: 1) : predictions
    return numbers.array(as: Int.self).map { number in
      guard classes.indices.contains(number) else {
        return misuse(
          "classNames: class number \(number) is out of range for \(classes.count) classes",
          else: "")
      }
      return classes[number]
    }
  }

  /// Predictions of a target that is a number, in its own unit: standardising is undone.
  public func numbers(of predictions: Tensor) -> Tensor {
    guard case .number(let offset, let scale)? = target?.encoding else {
      return misuse("numbers: the target of this encoder is no number; use classNames(of:)")
    }
    return predictions * scale + offset
  }

  /// The categories of a table that were not there in the fit, for the columns that have any.
  ///
  /// - Throws: `TableError` if a column is missing.
  public func unseenCategories(
    in table: Table
  ) throws(TableError) -> [(column: String, categories: [String])] {
    var result: [(column: String, categories: [String])] = []
    for feature in features {
      guard case .category(let categories, _, _) = feature.encoding else { continue }
      let new = try table.column(feature.name).categories.filter { !categories.contains($0) }
      if !new.isEmpty { result.append((feature.name, new)) }
    }
    return result
  }

  private func textInsteadOfNumbers(_ column: Table.Column) -> TableError {
    let example = column.texts.lazy.compactMap { $0 }.first { Double($0) == nil } ?? ""
    return TableError(
      "column \"\(column.name)\" held numbers when the encoder was fitted, but holds text here "
        + "(\"\(example)\"); correct the data")
  }

  private func missing(_ column: Table.Column, _ row: Int) -> TableError {
    TableError(
      "column \"\(column.name)\" misses its value in row \(row); choose an imputation in the options, or "
        + "leave the row out")
  }

  private func unseen(
    _ column: Table.Column, _ category: String, _ known: [String]
  ) -> TableError {
    let list = known.prefix(10).map { "\"\($0)\"" }.joined(separator: ", ")
    return TableError(
      "column \"\(column.name)\": \"\(category)\" was not in the table that the encoder was fitted to, which "
        + "has \(list)\(known.count > 10 ? ", …" : ""); fit to data with all categories"
        + (target?.name == column.name ? "" : ", or set options.unseen to .ignore"))
  }
}

import KobaiFormats

/// Finds out what the fields of a CSV file hold.
struct FieldReader {
  private let missing: [[UInt8]]

  init(missing: [String]) { self.missing = missing.map { Array($0.utf8) } }

  /// The narrowest type that all values of a column have.
  func type(of fields: CSV.Fields, _ column: Int) -> Table.ColumnType {
    var candidates: [Table.ColumnType] = [.int, .double, .bool]
    var isEmpty = true
    for row in 0..<fields.rowCount {
      let field = trimmed(fields[row, column])
      if isMissing(field) { continue }
      isEmpty = false
      candidates.removeAll { !Self.is($0, field) }
      if candidates.isEmpty { return .string }
    }
    return isEmpty ? .double : candidates[0]
  }

  /// The values of a column; nil if one is not of the type.
  func values(
    of fields: CSV.Fields, _ column: Int, _ type: Table.ColumnType
  ) -> Table.Column.Values? {
    switch type {
    case .int: parse(fields, column, Self.int).map { .int($0) }
    case .double: parse(fields, column, Self.double).map { .double($0) }
    case .bool: parse(fields, column, Self.bool).map { .bool($0) }
    case .string:
      .string(
        (0..<fields.rowCount).map { row in
          isMissing(trimmed(fields[row, column])) ? nil : fields.string(row: row, column: column)
        })
    }
  }

  /// The first row whose value is not of the type.
  func firstRow(of fields: CSV.Fields, _ column: Int, isNot type: Table.ColumnType) -> Int {
    (0..<fields.rowCount).first { row in
      let field = trimmed(fields[row, column])
      return !isMissing(field) && !Self.is(type, field)
    } ?? 0
  }

  private func parse<T>(
    _ fields: CSV.Fields, _ column: Int, _ value: (UnsafeBufferPointer<UInt8>) -> T?
  ) -> [T?]? {
    var result: [T?] = []
    result.reserveCapacity(fields.rowCount)
    for row in 0..<fields.rowCount {
      let field = trimmed(fields[row, column])
      if isMissing(field) {
        result.append(nil)
      } else if let value = value(field) {
        result.append(value)
      } else {
        return nil
      }
    }
    return result
  }

  private func isMissing(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
    missing.contains { $0.count == field.count && $0.elementsEqual(field) }
  }

  private func trimmed(_ field: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    guard let first = field.first, let last = field.last, isSpace(first) || isSpace(last) else {
      return field
    }
    guard let start = field.firstIndex(where: { !isSpace($0) }),
      let end = field.lastIndex(where: { !isSpace($0) })
    else { return UnsafeBufferPointer(rebasing: field[..<0]) }
    return UnsafeBufferPointer(rebasing: field[start...end])
  }

  private static func `is`(
    _ type: Table.ColumnType, _ field: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    switch type {
    case .int: int(field) != nil
    case .double: double(field) != nil
    case .bool: bool(field) != nil
    case .string: true
    }
  }

  private static func int(_ field: UnsafeBufferPointer<UInt8>) -> Int? {
    var digits = field[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard !digits.isEmpty else { return nil }
    var value = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let step = Int(digit - UInt8(ascii: "0"))
      let (next, carry) = product.addingReportingOverflow(isNegative ? -step : step)
      guard !overflow, !carry else { return nil }
      value = next
    }
    return value
  }

  private static func double(_ field: UnsafeBufferPointer<UInt8>) -> Double? {
    // Swift also reads hexadecimal numbers, which no table means, and stops where a C string ends.
    guard !field.contains(where: { $0 | 0x20 == UInt8(ascii: "x") || $0 == 0 }) else { return nil }
    return Double(String(decoding: field, as: UTF8.self))
  }

  private static func bool(_ field: UnsafeBufferPointer<UInt8>) -> Bool? {
    guard (4...5).contains(field.count) else { return nil }
    let lowercased = field.map { $0 | 0x20 }
    if lowercased.elementsEqual("true".utf8) { return true }
    return lowercased.elementsEqual("false".utf8) ? false : nil
  }
}

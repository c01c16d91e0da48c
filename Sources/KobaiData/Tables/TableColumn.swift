import KobaiTensor

extension Table {
  /// A named column.
  ///
  ///     let ages = Table.Column("age", .int([22, nil, 38]))
  ///     ages.missingCount        // 1
  ///     ages[0]                  // 22
  public struct Column: Sendable, Hashable {
    /// The column's name.
    public let name: String
    /// Its values, from the first row to the last.
    public let values: Values

    /// A column with these values.
    public init(_ name: String, _ values: Values) {
      self.name = name
      self.values = values
    }

    /// The values of a column: of one type, nil where missing.
    public enum Values: Sendable, Hashable {
      /// Whole numbers.
      case int([Int?])
      /// Numbers, of which some may have a fraction.
      case double([Double?])
      /// Truth values.
      case bool([Bool?])
      /// Texts, categories among them.
      case string([String?])
    }

    /// What a column holds.
    public var type: ColumnType {
      switch values {
      case .int: .int
      case .double: .double
      case .bool: .bool
      case .string: .string
      }
    }

    /// The number of values, missing ones included.
    public var count: Int {
      switch values {
      case .int(let values): values.count
      case .double(let values): values.count
      case .bool(let values): values.count
      case .string(let values): values.count
      }
    }

    /// The number of values that are missing.
    public var missingCount: Int {
      switch values {
      case .int(let values): values.count { $0 == nil }
      case .double(let values): values.count { $0 == nil }
      case .bool(let values): values.count { $0 == nil }
      case .string(let values): values.count { $0 == nil }
      }
    }

    /// One value.
    public subscript(row: Int) -> Value {
      guard row >= 0, row < count else {
        return misuse(
          "Table: row \(row) is out of range: it must lie in 0 ..< \(count)", else: .missing)
      }
      return switch values {
      case .int(let values): values[row].map(Value.int) ?? .missing
      case .double(let values): values[row].map(Value.double) ?? .missing
      case .bool(let values): values[row].map(Value.bool) ?? .missing
      case .string(let values): values[row].map(Value.string) ?? .missing
      }
    }

    /// The same values under another name.
    public func renamed(_ name: String) -> Column { Column(name, values) }

    /// The values of those rows.
    public func rows(_ indices: [Int]) -> Column {
      let picked: Values =
        switch values {
        case .int(let values): .int(indices.map { values[$0] })
        case .double(let values): .double(indices.map { values[$0] })
        case .bool(let values): .bool(indices.map { values[$0] })
        case .string(let values): .string(indices.map { values[$0] })
        }
      return Column(name, picked)
    }

    /// The values as numbers, false and true as 0 and 1; nil for a column of text.
    public var numbers: [Double?]? {
      switch values {
      case .int(let values): values.map { $0.map(Double.init) }
      case .double(let values): values
      case .bool(let values): values.map { $0.map { $0 ? 1 : 0 } }
      case .string: nil
      }
    }

    /// The values as text: what they are called as categories.
    ///
    ///     Table.Column("class", .int([3, nil, 1])).texts   // ["3", nil, "1"]
    public var texts: [String?] {
      switch values {
      case .int(let values): values.map { $0.map { "\($0)" } }
      case .double(let values): values.map { $0.map { Value.double($0).description } }
      case .bool(let values): values.map { $0.map { "\($0)" } }
      case .string(let values): values
      }
    }
  }

  /// The types that a column can have.
  public enum ColumnType: String, Sendable, Hashable, Codable, CaseIterable {
    /// What the case of `Values` with the same name holds.
    case int, double, bool, string
  }

  /// One value of a table.
  public enum Value: Sendable, Hashable {
    /// A whole number.
    case int(Int)
    /// A number that may have a fraction.
    case double(Double)
    /// A truth value.
    case bool(Bool)
    /// A text.
    case string(String)
    /// No value.
    case missing

    /// Whether there is no value.
    public var isMissing: Bool { self == .missing }

    /// A number, false and true as 0 and 1; nil for text or a missing value.
    public var number: Double? {
      switch self {
      case .int(let value): Double(value)
      case .double(let value): value
      case .bool(let value): value ? 1 : 0
      case .string, .missing: nil
      }
    }

    /// The text of a string; nil for any other value.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
  }
}

extension Table.Value: CustomStringConvertible {
  /// As a table prints it: whole numbers of a `double` with `.0`, a missing value as `–`.
  public var description: String {
    switch self {
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .string(let value): value
    case .missing: "–"
    }
  }
}

extension Table.Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .missing }
}

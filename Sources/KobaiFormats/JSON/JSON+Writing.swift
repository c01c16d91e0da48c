extension JSON {
  /// The text of this value in UTF-8.
  ///
  /// - Parameter indented: whether each element and member has a line of its own, for people to read.
  /// - Throws: `FormatError` for numbers that are infinite or not a number, which JSON cannot write.
  public func encode(indented: Bool = false) throws(FormatError) -> [UInt8] {
    var result: [UInt8] = []
    try write(to: &result, indentation: indented ? 0 : nil)
    if indented { result.append(UInt8(ascii: "\n")) }
    return result
  }

  private func write(to result: inout [UInt8], indentation: Int?) throws(FormatError) {
    switch self {
    case .null: result += "null".utf8
    case .bool(let value): result += (value ? "true" : "false").utf8
    case .integer(let value): result += "\(value)".utf8
    case .number(let value):
      guard value.isFinite else {
        throw FormatError("json", "\(value) cannot be written as JSON; write it as a string")
      }
      // Swift writes the shortest digits that give the same number again.
      result += "\(value)".utf8
    case .string(let text): Self.append(text, to: &result)
    case .array(let elements):
      result.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        Self.separate(index, indentation, &result)
        try element.write(to: &result, indentation: indentation.map { $0 + 1 })
      }
      Self.close("]", isEmpty: elements.isEmpty, indentation, &result)
    case .object(let members):
      result.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        Self.separate(index, indentation, &result)
        Self.append(member.name, to: &result)
        result += (indentation == nil ? ":" : ": ").utf8
        try member.value.write(to: &result, indentation: indentation.map { $0 + 1 })
      }
      Self.close("}", isEmpty: members.isEmpty, indentation, &result)
    }
  }

  private static func separate(_ index: Int, _ indentation: Int?, _ result: inout [UInt8]) {
    if index > 0 { result.append(UInt8(ascii: ",")) }
    if let indentation { newLine(indentation + 1, &result) }
  }

  private static func close(
    _ bracket: Unicode.Scalar, isEmpty: Bool, _ indentation: Int?, _ result: inout [UInt8]
  ) {
    if let indentation, !isEmpty { newLine(indentation, &result) }
    result.append(UInt8(ascii: bracket))
  }

  private static func newLine(_ indentation: Int, _ result: inout [UInt8]) {
    result.append(UInt8(ascii: "\n"))
    result += [UInt8](repeating: UInt8(ascii: " "), count: 2 * indentation)
  }

  /// A string literal; what need not be escaped is not, as serde and JavaScript write it.
  static func append(_ text: String, to result: inout [UInt8]) {
    result.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      guard isEscaped(byte) else {
        result.append(byte)
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): result += "\\\"".utf8
      case UInt8(ascii: "\\"): result += "\\\\".utf8
      case 0x08: result += "\\b".utf8
      case 0x09: result += "\\t".utf8
      case 0x0A: result += "\\n".utf8
      case 0x0C: result += "\\f".utf8
      case 0x0D: result += "\\r".utf8
      default:
        let digits = String(byte, radix: 16)
        result += ("\\u00" + (digits.utf8.count < 2 ? "0" : "") + digits).utf8
      }
    }
    result.append(UInt8(ascii: "\""))
  }

  private static func isEscaped(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }
}

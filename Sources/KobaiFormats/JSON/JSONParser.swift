/// Reads JSON by recursive descent.
struct JSONParser {
  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0

  /// Deeper texts would exhaust the stack of a thread.
  private static let maximalDepth = 256

  init(_ text: UnsafeBufferPointer<UInt8>) throws(FormatError) {
    self.text = text
    if let place = UTF8Check.firstFault(text) {
      throw FormatError("json", "byte \(place) is not UTF-8 text")
    }
  }

  mutating func document() throws(FormatError) -> JSON {
    let result = try value()
    guard next() == nil else { throw fault("text follows the value") }
    return result
  }

  private mutating func value() throws(FormatError) -> JSON {
    switch next() {
    case UInt8(ascii: "{"): return try nested { parser throws(FormatError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(FormatError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte):
      return try number()
    case nil: throw fault("the text ends where a value belongs")
    default:
      for (word, value) in [("null", JSON.null), ("true", .bool(true)), ("false", .bool(false))]
      where text[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return value
      }
      throw fault("no value begins like this")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(FormatError) -> JSON
  ) throws(FormatError) -> JSON {
    position += 1
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximalDepth else {
      throw fault("brackets are more than \(Self.maximalDepth) deep")
    }
    return try body(&self)
  }

  private mutating func array() throws(FormatError) -> JSON {
    var elements: [JSON] = []
    if try closes("]", isFirst: true) { return .array([]) }
    while true {
      elements.append(try value())
      if try closes("]", isFirst: false) { return .array(elements) }
    }
  }

  private mutating func object() throws(FormatError) -> JSON {
    var members: [JSON.Member] = []
    var names: Set<String> = []
    if try closes("}", isFirst: true) { return .object([]) }
    while true {
      guard next() == UInt8(ascii: "\"") else { throw fault("a name in quotes is missing") }
      let name = try string()
      guard names.insert(name).inserted else {
        throw fault("the name \(name) stands twice in one object")
      }
      guard next() == UInt8(ascii: ":") else { throw fault("a colon is missing behind a name") }
      position += 1
      members.append(JSON.Member(name, try value()))
      if try closes("}", isFirst: false) { return .object(members) }
    }
  }

  /// Steps over the closing bracket, or over the comma before another element.
  private mutating func closes(
    _ bracket: Unicode.Scalar, isFirst: Bool
  ) throws(FormatError) -> Bool {
    let byte = next()
    if byte == UInt8(ascii: bracket) {
      position += 1
      return true
    }
    if isFirst { return false }
    guard byte == UInt8(ascii: ",") else { throw fault("a comma or \(bracket) is missing") }
    position += 1
    guard next() != UInt8(ascii: bracket) else {
      throw fault("a comma stands before a closing bracket")
    }
    return false
  }

  /// The next byte that is not white space.
  private mutating func next() -> UInt8? {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case let byte: return byte
      }
    }
    return nil
  }

  private mutating func number() throws(FormatError) -> JSON {
    let start = position
    var isInteger = true
    if byte == UInt8(ascii: "-") { position += 1 }
    if byte == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if byte == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      try digits()
    }
    if let exponent = byte, exponent | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let literal = String(decoding: text[start..<position], as: UTF8.self)
    // -0 is a number of its own.
    if isInteger, literal != "-0", let value = Int(literal) { return .integer(value) }
    guard let value = Double(literal), value.isFinite else {
      throw fault("the number before is too large")
    }
    return .number(value)
  }

  private var byte: UInt8? { position < text.count ? text[position] : nil }

  private mutating func digits() throws(FormatError) {
    let start = position
    while let byte, (0x30...0x39).contains(byte) { position += 1 }
    guard position > start else { throw fault("a digit is missing") }
  }

  private mutating func string() throws(FormatError) -> String {
    position += 1
    var result: [UInt8] = []
    while true {
      let start = position
      while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
        position += 1
      }
      let plain = text[start..<position]
      guard let byte else { throw fault("a string has no closing quote") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        if result.isEmpty { return String(decoding: plain, as: UTF8.self) }
        return String(decoding: result + Array(plain), as: UTF8.self)
      case UInt8(ascii: "\\"):
        result += plain
        try escape(&result)
      default: throw fault("a control character in a string is not escaped")
      }
    }
  }

  private mutating func escape(_ result: inout [UInt8]) throws(FormatError) {
    guard let byte else { throw fault("a string has no closing quote") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), following(0) == UInt8(ascii: "\\"),
        following(1) == UInt8(ascii: "u")
      {
        position += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else {
          throw fault("half of a surrogate pair is missing")
        }
        code = 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00))
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw fault("half of a surrogate pair is missing")
      }
      result += String(scalar).utf8
    default: throw fault("an escape in a string is unknown")
    }
  }

  private func following(_ offset: Int) -> UInt8? {
    position + offset < text.count ? text[position + offset] : nil
  }

  private mutating func hexadecimal() throws(FormatError) -> UInt32 {
    var result: UInt32 = 0
    for offset in 0..<4 {
      guard let byte = following(offset), let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else {
        throw fault("\\u needs four hexadecimal digits")
      }
      result = result << 4 | UInt32(digit)
    }
    position += 4
    return result
  }

  private func fault(_ reason: String) -> FormatError {
    FormatError("json", "at byte \(position): \(reason)")
  }
}

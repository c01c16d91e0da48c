/// Reads the Python dictionary that an `.npy` header is, without a Python: texts, booleans and tuples
/// of integers.
struct PythonLiteral {
  enum Value {
    case text(String)
    case bool(Bool)
    case tuple([Int])
    /// A list, which describes a record.
    case other
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// The whole text as a dictionary, with nothing but white space behind it.
  mutating func dictionary() throws(FormatError) -> [String: Value] {
    try expect("{")
    var result: [String: Value] = [:]
    while next() != UInt8(ascii: "}") {
      let key = try text()
      try expect(":")
      let value = try value()
      if case .other = value {
        // What follows a record's description does not matter any more.
        return ["descr": .other]
      }
      guard result.updateValue(value, forKey: key) == nil else {
        throw fault("'\(key)' stands there twice")
      }
      guard next() == UInt8(ascii: ",") else { break }
      position += 1
    }
    try expect("}")
    guard next() == nil else { throw fault("more text follows it") }
    return result
  }

  private mutating func value() throws(FormatError) -> Value {
    switch next() {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "("): return .tuple(try tuple())
    case UInt8(ascii: "["): return .other
    default:
      for (word, value) in [("True", true), ("False", false)]
      where bytes[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return .bool(value)
      }
      throw fault("a value is neither a text, True, False nor a tuple")
    }
  }

  private mutating func text() throws(FormatError) -> String {
    guard let quote = next(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw fault("a text is missing")
    }
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: quote) else {
      throw fault("a text has no closing quote")
    }
    guard let result = String(validating: bytes[start..<end], as: UTF8.self),
      !result.utf8.contains(UInt8(ascii: "\\"))
    else { throw fault("a text has characters that no element type has") }
    position = end + 1
    return result
  }

  private mutating func tuple() throws(FormatError) -> [Int] {
    try expect("(")
    var result: [Int] = []
    var hasComma = false
    while let byte = next(), byte != UInt8(ascii: ")") {
      let start = position
      while position < bytes.endIndex, (0x30...0x39).contains(bytes[position]) { position += 1 }
      guard let size = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
        throw fault("a size in the shape is not an integer that fits into 64 bits")
      }
      // Python 2 marked long integers.
      if next() == UInt8(ascii: "L") { position += 1 }
      result.append(size)
      guard next() == UInt8(ascii: ",") else { break }
      hasComma = true
      position += 1
    }
    try expect(")")
    guard result.count != 1 || hasComma else { throw fault("the shape is not a tuple") }
    return result
  }

  /// The next byte that is not white space.
  private mutating func next() -> UInt8? {
    while position < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
    return position < bytes.endIndex ? bytes[position] : nil
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(FormatError) {
    guard next() == UInt8(ascii: character) else { throw fault("\(character) is missing") }
    position += 1
  }

  private func fault(_ reason: String) -> FormatError {
    FormatError(
      "npy",
      "the header is not the dictionary that NumPy writes: at byte "
        + "\(position - bytes.startIndex) of its text, \(reason)")
  }
}

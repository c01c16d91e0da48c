/// A JSON text: values in the order in which they are written.
///
///     let state = try JSON.decode(Array(#"{"epoch": 3, "loss": [0.5, 0.25]}"#.utf8))
///     state["epoch"]                     // Optional(.integer(3))
///     state["loss"]?[1]                  // Optional(.number(0.25))
///     String(decoding: try state.encode(), as: UTF8.self)      // {"epoch":3,"loss":[0.5,0.25]}
///
/// The same value gives the same bytes. Numbers without fraction and exponent that fit into 64 bits are
/// integers; others are the nearest `Double`.
///
/// Source: RFC 8259. A name that stands twice in one object is refused, as are numbers beyond the range
/// of `Double` and brackets more than 256 deep.
public enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits into 64 bits.
  case integer(Int)
  /// Any other number.
  case number(Double)
  case string(String)
  case array([JSON])
  /// Names with their values, in the order in which they are written.
  case object([Member])

  /// A name and its value.
  public struct Member: Sendable, Hashable {
    /// By which it is found.
    public var name: String
    /// What it is.
    public var value: JSON

    /// A name with its value.
    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  /// The value of that name; nil if there is none or this is no object.
  public subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The element at that place; nil if there is none or this is no array.
  public subscript(index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// An integer as it is, and any number as a `Double`; nil for what is no number.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// Reads a text.
  ///
  /// - Throws: `FormatError` that says what is wrong, and where.
  public static func decode(_ bytes: [UInt8]) throws(FormatError) -> JSON {
    try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in try decode(buffer) }
  }

  static func decode(_ bytes: UnsafeBufferPointer<UInt8>) throws(FormatError) -> JSON {
    var parser = try JSONParser(bytes)
    return try parser.document()
  }

  /// Reads a file.
  ///
  /// - Throws: `FileError` if it cannot be read, `FormatError` if it is not JSON.
  public static func read(contentsOf path: String) throws -> JSON { try decoding(path, decode) }

  /// Writes a file with this text. It appears complete or not at all.
  ///
  /// - Throws: `FormatError` as `encode` does, `FileError` if the file cannot be written.
  public func write(to path: String, indented: Bool = false) throws {
    try AtomicFile.write(try encode(indented: indented), to: path)
  }
}

extension SafeTensors {
  /// A tensor to be written.
  public struct Item: Sendable {
    /// The tensor's name.
    public var name: String
    /// The type of its elements.
    public var dtype: ElementType
    /// The size of each dimension; empty for a single number.
    public var shape: [Int]
    /// The elements in little-endian order, row after row.
    public var bytes: [UInt8]

    /// A tensor; `encode` checks that the bytes are as many as the shape asks for.
    public init(name: String, dtype: ElementType, shape: [Int], bytes: [UInt8]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
      self.bytes = bytes
    }
  }

  /// The bytes of a file with these tensors.
  ///
  /// Tensors with larger elements come first, so that each is aligned to its elements; those of one
  /// type are in the order of their names. The same input gives the same bytes: those that Python's
  /// `safetensors` writes (which puts metadata of several keys in no particular order; here they are
  /// sorted).
  ///
  /// - Throws: `SafeTensorsError` if a name stands twice or a shape does not fit its bytes.
  public static func encode(
    _ items: [Item], metadata: [String: String] = [:]
  ) throws(SafeTensorsError) -> [UInt8] {
    let sorted = inOrder(items)
    var result = try header(sorted, metadata)
    result.reserveCapacity(result.count + sorted.reduce(0) { $0 + $1.bytes.count })
    for item in sorted { result += item.bytes }
    return result
  }

  /// Writes a file with these tensors, in the order that `encode` describes.
  ///
  /// The file appears complete or not at all: it is written beside its place and then renamed.
  ///
  /// - Throws: `SafeTensorsError` as `encode` does, `FileError` if the file cannot be written.
  public static func write(
    _ items: [Item], metadata: [String: String] = [:], to path: String
  ) throws {
    let sorted = inOrder(items)
    let header = try header(sorted, metadata)
    try AtomicFile.write(to: path) { output in
      try output.write(header)
      for item in sorted { try output.write(item.bytes) }
    }
  }

  /// The order of the format's own implementation, so that the files are the same.
  private static func inOrder(_ items: [Item]) -> [Item] {
    items.sorted { first, second in
      let ranks = (first.dtype.rank, second.dtype.rank)
      guard ranks.0 == ranks.1 else { return ranks.0 > ranks.1 }
      return first.name.utf8.lexicographicallyPrecedes(second.name.utf8)
    }
  }

  /// The length and the text of the header, padded with spaces so that the elements are aligned.
  private static func header(
    _ items: [Item], _ metadata: [String: String]
  ) throws(SafeTensorsError) -> [UInt8] {
    var fields: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(quoted($0.key)):\(quoted($0.value))" }
      fields.append("\(quoted(metadataKey)):{\(texts.joined(separator: ","))}")
    }
    var names: Set<String> = [metadataKey]
    var position = 0
    for item in items {
      guard names.insert(item.name).inserted else {
        throw SafeTensorsError(
          item.name == metadataKey
            ? "\(metadataKey) is not allowed as the name of a tensor"
            : "two tensors have the name \(item.name)")
      }
      let size = try Header.byteCount(of: item.name, item.dtype, item.shape)
      guard size == item.bytes.count else {
        throw SafeTensorsError(
          "tensor \(item.name) of \(item.dtype.rawValue) \(item.shape) takes \(size) bytes, "
            + "but \(item.bytes.count) were given")
      }
      let shape = item.shape.map(String.init).joined(separator: ",")
      fields.append(
        "\(quoted(item.name)):{\"dtype\":\"\(item.dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(position),\(position + size)]}")
      position += size
    }
    var text = Array("{\(fields.joined(separator: ","))}".utf8)
    while text.count % Header.lengthSize != 0 { text.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }

  /// A JSON string literal.
  private static func quoted(_ text: String) -> String {
    var result: [UInt8] = []
    JSON.append(text, to: &result)
    return String(decoding: result, as: UTF8.self)
  }
}

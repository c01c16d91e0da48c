#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SafeTensors {
  /// A tensor to be written.
  public struct Item: Sendable {
    public var name: String
    public var dtype: ElementType
    public var shape: [Int]
    /// The elements in little-endian order, row after row.
    public var bytes: [UInt8]

    public init(name: String, dtype: ElementType, shape: [Int], bytes: [UInt8]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
      self.bytes = bytes
    }
  }

  /// The bytes of a file with these tensors.
  ///
  /// Tensors with larger elements come first, so that each is aligned to its elements; equal sizes
  /// are in the order of their names. The same input gives the same bytes.
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
    let draft = "\(path).\(getpid()).partial"
    guard let file = fopen(draft, "wb") else { throw FileError("cannot write", draft) }
    var complete = put(header, file)
    for item in sorted where complete { complete = put(item.bytes, file) }
    complete = fflush(file) == 0 && complete
    let failure = complete ? nil : FileError("cannot write", draft)
    fclose(file)
    guard failure == nil, rename(draft, path) == 0 else {
      let error = failure ?? FileError("cannot write", path)
      unlink(draft)
      throw error
    }
  }

  private static func put(_ bytes: [UInt8], _ file: UnsafeMutablePointer<FILE>) -> Bool {
    bytes.isEmpty || fwrite(bytes, 1, bytes.count, file) == bytes.count
  }

  private static func inOrder(_ items: [Item]) -> [Item] {
    items.sorted { ($1.dtype.size, $0.name) < ($0.dtype.size, $1.name) }
  }

  /// The length and the text of the header, padded with spaces so that the elements are aligned.
  private static func header(
    _ items: [Item], _ metadata: [String: String]
  ) throws(SafeTensorsError) -> [UInt8] {
    var fields: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }
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
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

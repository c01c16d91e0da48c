/// The contents of a safetensors file: named tensors as raw bytes, and text about them.
///
/// Opening checks the whole header; the elements are read only when asked for.
///
///     let file = try SafeTensors(contentsOf: "model.safetensors")
///     file.names                       // ["bias", "weight"]
///     file["weight"]?.shape            // Optional([100, 784])
///     let weight = file.bytes(of: "weight")
///
/// Layout: eight bytes of little-endian header length, the header (JSON), the elements in
/// little-endian order, row after row, tensors one after the other without gaps.
/// Source: https://github.com/huggingface/safetensors#format
public struct SafeTensors: Sendable {
  /// One tensor of a file.
  public struct Entry: Sendable, Hashable {
    /// The tensor's name.
    public let name: String
    /// The type of its elements.
    public let dtype: ElementType
    /// The size of each dimension; empty for a single number.
    public let shape: [Int]
    /// Where the elements lie, in bytes from the end of the header.
    public let byteRange: Range<Int>
  }

  /// The tensors in the order of their bytes.
  public let entries: [Entry]
  /// Free text that came with the file, from the header's `__metadata__`. Changed, it is another text about
  /// the same tensors; the file stays as it is.
  public var metadata: [String: String]

  private let index: [String: Int]
  private let source: ByteSource
  /// Where the elements begin in the source.
  private let dataStart: Int

  /// Reads from memory.
  ///
  /// - Throws: `SafeTensorsError` that says what is wrong with the header.
  public init(bytes: [UInt8]) throws(SafeTensorsError) { try self.init(.array(bytes)) }

  /// Opens a file. Its elements stay on disk until they are asked for.
  ///
  /// - Throws: `FileError` if it cannot be opened, `SafeTensorsError` if its header is malformed.
  public init(contentsOf path: String) throws {
    let file = try MappedFile(path)
    do {
      try self.init(.mapped(file))
    } catch {
      throw SafeTensorsError(error.message, path: path)
    }
  }

  private init(_ source: ByteSource) throws(SafeTensorsError) {
    let header = try source.withBytes { bytes throws(SafeTensorsError) in try Header(bytes) }
    self.source = source
    dataStart = header.dataStart
    entries = header.entries
    metadata = header.metadata
    index = Dictionary(
      uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
  }

  /// The tensors' names in the order of their bytes.
  public var names: [String] { entries.map(\.name) }

  /// The tensor of that name, or nil.
  public subscript(name: String) -> Entry? { index[name].map { entries[$0] } }

  /// Calls `body` with the elements of a tensor; nil if there is none of that name.
  ///
  /// They need not be aligned to the size of an element.
  public func withBytes<R, E: Error>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R? {
    guard let entry = self[name] else { return nil }
    return try source.withBytes { bytes throws(E) in
      let (start, end) = (
        dataStart + entry.byteRange.lowerBound, dataStart + entry.byteRange.upperBound
      )
      return try body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
    }
  }

  /// A copy of the elements of a tensor; nil if there is none of that name.
  public func bytes(of name: String) -> [UInt8]? { withBytes(of: name) { Array($0) } }
}

extension SafeTensors {
  /// The element types of the format whose elements are whole bytes, by their names in the header.
  public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    /// 5 bits of exponent, 2 of fraction.
    case float8E5M2 = "F8_E5M2"
    /// 4 bits of exponent, 3 of fraction.
    case float8E4M3 = "F8_E4M3"
    /// 8 bits of exponent alone: powers of 2, as scales of blocks are.
    case float8E8M0 = "F8_E8M0"
    case uint16 = "U16"
    case int16 = "I16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case uint32 = "U32"
    case int32 = "I32"
    case float32 = "F32"
    case uint64 = "U64"
    case int64 = "I64"
    case float64 = "F64"
    /// Pairs of float32.
    case complex64 = "C64"

    /// The place in the order in which the format's own implementation writes tensors.
    var rank: Int {
      switch self {
      case .bool: 0
      case .uint8: 1
      case .int8: 2
      case .float8E5M2: 3
      case .float8E4M3: 4
      case .float8E8M0: 5
      case .int16: 6
      case .uint16: 7
      case .float16: 8
      case .bfloat16: 9
      case .int32: 10
      case .uint32: 11
      case .float32: 12
      case .complex64: 13
      case .float64: 14
      case .int64: 15
      case .uint64: 16
      }
    }

    /// Bytes per element.
    public var size: Int {
      switch self {
      case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0: 1
      case .uint16, .int16, .float16, .bfloat16: 2
      case .uint32, .int32, .float32: 4
      case .uint64, .int64, .float64, .complex64: 8
      }
    }
  }
}

/// A safetensors file that is malformed, or tensors that cannot be written as one.
public struct SafeTensorsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence that says what is wrong and where.
  public let message: String
  /// The file that was read; nil for bytes in memory.
  public let path: String?

  /// - Parameters:
  ///   - message: one sentence that says what is wrong and where.
  ///   - path: the file that was read; nil for bytes in memory.
  public init(_ message: String, path: String? = nil) {
    self.message = message
    self.path = path
  }

  public var description: String {
    "safetensors: " + (path.map { "\($0): " } ?? "") + message
  }
}

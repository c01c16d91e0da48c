/// Arrays in the IDX format, as the MNIST data sets come: plain or compressed by gzip.
///
///     let images = try IDX.read(contentsOf: "t10k-images-idx3-ubyte.gz")
///     images.dtype      // uint8
///     images.shape      // [10000, 28, 28]
///
/// Layout: two zero bytes, the element type, the number of dimensions, each dimension as four
/// big-endian bytes, the elements in big-endian order, the last dimension fastest.
/// Source: http://yann.lecun.com/exdb/mnist/ ("the IDX file format").
public enum IDX {
  /// Reads a file. Whether it is compressed shows in its first bytes, not in its name.
  ///
  /// - Throws: `FileError` if it cannot be read, `FormatError` if it is not an IDX file.
  public static func read(contentsOf path: String) throws -> RawArray {
    try decoding(path, decode)
  }

  /// Reads from memory, plain or compressed.
  ///
  /// - Throws: `FormatError` that says what is wrong.
  public static func decode(_ bytes: [UInt8]) throws(FormatError) -> RawArray {
    Zlib.isGzip(bytes) ? try decodeCompressed(bytes) : try decodePlain(bytes)
  }

  /// The bytes of a file with this array, not compressed.
  ///
  /// - Throws: `FormatError` if the format has no such element type, or more than 255 dimensions.
  public static func encode(_ array: RawArray) throws(FormatError) -> [UInt8] {
    try array.checkSize(for: "idx")
    guard let code = codes.first(where: { $0.value == array.dtype })?.key else {
      throw FormatError(
        "idx",
        "the format has no \(array.dtype.rawValue); convert to uint8, int8, int16, int32, "
          + "float32 or float64")
    }
    guard let rank = UInt8(exactly: array.shape.count),
      array.shape.allSatisfy({ UInt32(exactly: $0) != nil })
    else {
      throw FormatError(
        "idx", "the shape \(array.shape) has more than 255 dimensions or one beyond 2^32 - 1")
    }
    var result: [UInt8] = [0, 0, code, rank]
    for dimension in array.shape {
      withUnsafeBytes(of: UInt32(dimension).bigEndian) { result += $0 }
    }
    var elements = array
    elements.swapBytes()
    return result + elements.bytes
  }

  private static let codes: [UInt8: RawArray.ElementType] = [
    0x08: .uint8, 0x09: .int8, 0x0B: .int16, 0x0C: .int32, 0x0D: .float32, 0x0E: .float64,
  ]

  private static func decodePlain(_ bytes: [UInt8]) throws(FormatError) -> RawArray {
    let start = try Start(bytes)
    let shape = try start.shape(bytes.dropFirst(Start.size))
    let size = try start.byteCount(shape)
    let position = Start.size + 4 * shape.count
    guard bytes.count - position == size else {
      throw FormatError(
        "idx",
        "\(start.dtype.rawValue) \(shape) takes \(size) bytes, but \(bytes.count - position) follow "
          + "the header: the file was cut short or is another format")
    }
    var array = RawArray(dtype: start.dtype, shape: shape, bytes: Array(bytes[position...]))
    array.swapBytes()
    return array
  }

  /// Only as much is decompressed as the header asks for, and one byte to see that it ends there.
  private static func decodeCompressed(_ bytes: [UInt8]) throws(FormatError) -> RawArray {
    let inflater = try Inflater(bytes)
    let start = try Start(try inflater.read(count: Start.size))
    let shape = try start.shape(try inflater.read(count: 4 * start.rank)[...])
    let size = try start.byteCount(shape)
    guard size <= Zlib.maximalRatio * bytes.count else {
      throw FormatError(
        "idx",
        "\(start.dtype.rawValue) \(shape) takes \(size) bytes, which \(bytes.count) compressed bytes "
          + "cannot hold: the file was cut short or its header is wrong")
    }
    let elements = try inflater.read(count: size)
    guard elements.count == size else {
      throw FormatError(
        "idx",
        "\(start.dtype.rawValue) \(shape) takes \(size) bytes, but \(elements.count) follow the "
          + "header: the file was cut short or is another format")
    }
    guard try inflater.read(count: 1).isEmpty else {
      throw FormatError(
        "idx", "more bytes follow the \(size) that \(start.dtype.rawValue) \(shape) takes")
    }
    var array = RawArray(dtype: start.dtype, shape: shape, bytes: elements)
    array.swapBytes()
    return array
  }

  /// The four bytes that begin a file.
  private struct Start {
    static let size = 4
    let dtype: RawArray.ElementType
    let rank: Int

    init(_ bytes: [UInt8]) throws(FormatError) {
      guard bytes.count >= Self.size else {
        throw FormatError(
          "idx", "the file has \(bytes.count) bytes, but its header alone takes \(Self.size)")
      }
      guard bytes[0] == 0, bytes[1] == 0 else {
        throw FormatError(
          "idx",
          "the file begins with \(hex(bytes[0])) \(hex(bytes[1])) where two zeros belong: it is "
            + "not an IDX file")
      }
      guard let dtype = codes[bytes[2]] else {
        throw FormatError(
          "idx",
          "the element type \(hex(bytes[2])) is none of the format's 0x08, 0x09, 0x0B, 0x0C, "
            + "0x0D, 0x0E")
      }
      self.dtype = dtype
      rank = Int(bytes[3])
    }

    func shape(_ bytes: ArraySlice<UInt8>) throws(FormatError) -> [Int] {
      guard bytes.count >= 4 * rank else {
        throw FormatError(
          "idx",
          "the file ends inside of its header: \(rank) dimensions take \(4 * rank) bytes, "
            + "\(bytes.count) are there")
      }
      return (0..<rank).map { index in
        let first = bytes.startIndex + 4 * index
        return bytes[first..<first + 4].reduce(0) { $0 << 8 | Int($1) }
      }
    }

    func byteCount(_ shape: [Int]) throws(FormatError) -> Int {
      guard let size = RawArray.byteCount(dtype, shape) else {
        throw FormatError("idx", "the shape \(shape) is larger than any memory")
      }
      return size
    }
  }
}

/// A byte as it is written in descriptions of formats: `0x0B`.
func hex(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16, uppercase: true)
  return "0x" + (digits.count < 2 ? "0" : "") + digits
}

extension Inflater {
  /// The next bytes: `count` of them, or as many as are left.
  func read(count: Int) throws(FormatError) -> [UInt8] {
    var outcome = Result<Int, FormatError>.success(0)
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let target = UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      outcome = Result { () throws(FormatError) in try read(into: target) }
      if case .success(let step) = outcome { initialized = step }
    }
    _ = try outcome.get()
    return result
  }
}

/// Compressed data: gzip, zlib and raw deflate.
///
/// libz is opened when it is first needed; where it is missing, the error says what to install.
///
///     let packed = try Zlib.compress(Array("kobai kobai kobai".utf8))
///     let text = try Zlib.decompress(packed, limit: 1 << 20)
public enum Zlib {
  /// What stands around the deflated data.
  public enum Container: Sendable, Hashable {
    /// RFC 1952: `.gz` files, with a CRC and a length.
    case gzip
    /// RFC 1950: PNG and others, with an Adler checksum.
    case zlib
    /// RFC 1951 alone: ZIP files.
    case raw

    /// libz's code for it, with the largest window.
    var windowBits: Int32 {
      switch self {
      case .gzip: 15 + 16
      case .zlib: 15
      case .raw: -15
      }
    }
  }

  /// Whether libz can be opened.
  public static var isAvailable: Bool {
    if case .success = ZlibLibrary.shared { true } else { false }
  }

  /// Deflate cannot shrink data further than this: 258 bytes take two bits at least.
  static let maximalRatio = 1032

  static func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
  }

  static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { isGzip($0) } }

  /// The data that was compressed.
  ///
  /// - Parameter limit: how many bytes to accept; a small file can stand for a thousand times its size.
  /// - Throws: `FormatError` if the data is corrupt, cut short or larger than `limit`.
  public static func decompress(
    _ bytes: [UInt8], _ container: Container = .gzip, limit: Int
  ) throws(FormatError) -> [UInt8] {
    try decompress(.array(bytes), container, limit: limit)
  }

  /// The data that was compressed in a file.
  ///
  /// - Parameter limit: how many bytes to accept; a small file can stand for a thousand times its size.
  /// - Throws: `FileError` if the file cannot be read; `FormatError` if the data is corrupt, cut short
  ///   or larger than `limit`.
  public static func decompress(
    contentsOf path: String, _ container: Container = .gzip, limit: Int
  ) throws -> [UInt8] {
    let source = ByteSource.mapped(try MappedFile(path))
    do {
      return try decompress(source, container, limit: limit)
    } catch {
      throw error.at(path)
    }
  }

  static func decompress(
    _ source: ByteSource, _ container: Container, limit: Int, allowsTrailingBytes: Bool = false
  ) throws(FormatError) -> [UInt8] {
    let inflater = try Inflater(source, container, allowsTrailingBytes: allowsTrailingBytes)
    let limit = Swift.max(limit, 0)
    var result: [UInt8] = []
    // One byte more than is expected shows the end, or that the limit is passed.
    var capacity = Swift.min(expectedSize(source, container), limit) + 1
    while true {
      let known = result
      result = []
      var outcome = Result<Int, FormatError>.success(0)
      result = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        count = buffer.update(fromContentsOf: known)
        let rest = UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(rebasing: buffer[count..<capacity]))
        outcome = Result { () throws(FormatError) in try inflater.read(into: rest) }
        if case .success(let step) = outcome { count += step }
      }
      _ = try outcome.get()
      if result.count < capacity { return result }
      guard result.count <= limit else {
        throw FormatError(
          "zlib", "the decompressed data has more than the \(limit) bytes that are allowed")
      }
      capacity = Swift.min(2 * capacity, limit + 1)
    }
  }

  /// A guess at the decompressed size that no file can make large: at most 16 times the input.
  private static func expectedSize(_ source: ByteSource, _ container: Container) -> Int {
    let most = Swift.max(16 * source.count, 1 << 12)
    guard container == .gzip, source.count >= 18 else { return Swift.min(4 * source.count, most) }
    // The last member's length modulo 2^32, which is nearly always the only one's length.
    let stated = source.withBytes { bytes in
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self))
    }
    return Swift.min(Int(stated), most)
  }

  /// Compresses data. The same data and level give the same bytes with the same version of libz.
  ///
  /// - Parameter level: from 0 (stored) over 1 (quick) to 9 (small).
  /// - Throws: `FormatError` if libz is missing or the level is not in that range.
  public static func compress(
    _ bytes: [UInt8], _ container: Container = .gzip, level: Int = 6
  ) throws(FormatError) -> [UInt8] {
    guard (0...9).contains(level) else {
      throw FormatError("zlib", "the level \(level) is not one of 0...9")
    }
    let library = try ZlibLibrary.shared.get()
    var stream = ZStream()
    let result = withUnsafeMutablePointer(to: &stream) { stream in
      Result { () throws(FormatError) in
        try deflate(bytes, container, Int32(level), library, stream)
      }
    }
    return try result.get()
  }

  private static func deflate(
    _ bytes: [UInt8], _ container: Container, _ level: Int32, _ library: ZlibLibrary,
    _ stream: ZlibLibrary.Stream
  ) throws(FormatError) -> [UInt8] {
    // 8: deflate, and libz's default amount of memory; 0: the default strategy.
    let started = library.deflateInit(
      stream, level, 8, container.windowBits, 8, 0, ZlibLibrary.version, ZStream.size)
    guard started == ZResult.ok else { throw failure(started) }
    defer { _ = library.deflateEnd(stream) }
    var piece = [UInt8](repeating: 0, count: Swift.min(bytes.count + 64, 1 << 18))
    var result: [UInt8] = []
    var position = 0
    while true {
      let code = bytes.withUnsafeBufferPointer { input in
        piece.withUnsafeMutableBufferPointer { output in
          let available = UInt32(Swift.min(input.count - position, 1 << 30))
          stream.pointee.nextIn = input.baseAddress.map { $0 + position }
          stream.pointee.availableIn = available
          stream.pointee.nextOut = output.baseAddress
          stream.pointee.availableOut = UInt32(output.count)
          let isLast = Int(available) == input.count - position
          let code = library.deflate(stream, isLast ? 4 : 0)  // Z_FINISH : Z_NO_FLUSH
          position += Int(available - stream.pointee.availableIn)
          return code
        }
      }
      result += piece[..<(piece.count - Int(stream.pointee.availableOut))]
      if code == ZResult.streamEnd { return result }
      guard code == ZResult.ok else { throw failure(code, stream.pointee.message) }
    }
  }

  /// The error for a result of libz that is neither progress nor the end.
  static func failure(_ code: Int32, _ message: UnsafePointer<CChar>? = nil) -> FormatError {
    switch code {
    case ZResult.needsDictionary:
      FormatError(
        "zlib", "the data was compressed with a preset dictionary, which is not supported")
    case ZResult.memoryError:
      FormatError("zlib", "there is not enough memory to decompress the data")
    default:
      FormatError(
        "zlib",
        "the compressed data is corrupt" + (message.map { " (\(String(cString: $0)))" } ?? ""))
    }
  }
}

/// Decompresses gzip, zlib or raw deflate data piece by piece.
///
///     let inflater = try Inflater(contentsOf: "train-images-idx3-ubyte.gz")
///     var header = [UInt8](repeating: 0, count: 16)
///     let count = try header.withUnsafeMutableBytes { try inflater.read(into: $0) }   // 16
///
/// A gzip file may have several members, which follow each other as `cat a.gz b.gz` makes them; zeros
/// behind the last are padding. Checksums and lengths behind the data are verified before `read`
/// reports the end.
///
/// Sources: RFC 1950 (zlib), RFC 1951 (deflate), RFC 1952 (gzip).
public final class Inflater {
  private let library: ZlibLibrary
  private let source: ByteSource
  private let container: Zlib.Container
  /// At a fixed address: libz keeps it.
  private let stream: UnsafeMutablePointer<ZStream>
  private var finished = false
  /// The bytes of input that have been used.
  private(set) var position: Int
  /// PNG allows bytes behind the data; elsewhere they are a fault.
  private let allowsTrailingBytes: Bool
  /// The file that is read, for errors.
  private let path: String?

  /// Reads from memory.
  ///
  /// - Throws: `FormatError` if libz is missing.
  public convenience init(
    _ bytes: [UInt8], _ container: Zlib.Container = .gzip
  ) throws(FormatError) {
    try self.init(.array(bytes), container)
  }

  /// Reads from a file, which stays on disk until its bytes are needed.
  ///
  /// - Throws: `FileError` if it cannot be opened, `FormatError` if libz is missing.
  public convenience init(contentsOf path: String, _ container: Zlib.Container = .gzip) throws {
    try self.init(.mapped(try MappedFile(path)), container, path: path)
  }

  init(
    _ source: ByteSource, _ container: Zlib.Container, allowsTrailingBytes: Bool = false,
    path: String? = nil
  ) throws(FormatError) {
    library = try ZlibLibrary.shared.get()
    self.source = source
    self.container = container
    self.allowsTrailingBytes = allowsTrailingBytes
    self.path = path
    position = 0
    stream = .allocate(capacity: 1)
    stream.initialize(to: ZStream())
    let result = library.inflateInit(
      stream, container.windowBits, ZlibLibrary.version, ZStream.size)
    guard result == ZResult.ok else {
      stream.deallocate()
      throw Zlib.failure(result)
    }
  }

  deinit {
    _ = library.inflateEnd(stream)
    stream.deallocate()
  }

  /// Fills `output`, or as much of it as there is data left.
  ///
  /// - Returns: the number of bytes written; less than `output.count` only at the end, and 0 once all
  ///   data was read and all checksums were right.
  /// - Throws: `FormatError` if the data is corrupt or ends too early.
  public func read(into output: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
    do {
      return try fill(output)
    } catch {
      throw path.map { error.at($0) } ?? error
    }
  }

  private func fill(_ output: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
    let target = output.bindMemory(to: UInt8.self)
    var produced = 0
    while produced < target.count && !finished {
      let room = UInt32(Swift.min(target.count - produced, 1 << 30))
      stream.pointee.nextOut = target.baseAddress.map { $0 + produced }
      stream.pointee.availableOut = room
      let result = step()
      produced += Int(room - stream.pointee.availableOut)
      switch result {
      case ZResult.ok: break
      case ZResult.streamEnd: try endMember()
      case ZResult.bufferError: throw FormatError("zlib", truncation)
      default: throw Zlib.failure(result, stream.pointee.message)
      }
    }
    return produced
  }

  /// Offers libz what is left of the input, and counts what it takes.
  private func step() -> Int32 {
    source.withBytes { bytes in
      let available = UInt32(Swift.min(bytes.count - position, 1 << 30))
      stream.pointee.nextIn = bytes.bindMemory(to: UInt8.self).baseAddress.map { $0 + position }
      stream.pointee.availableIn = available
      let result = library.inflate(stream, 0)
      position += Int(available - stream.pointee.availableIn)
      // What the pointer names is valid only in here.
      stream.pointee.nextIn = nil
      stream.pointee.availableIn = 0
      return result
    }
  }

  private var truncation: String {
    source.count == 0
      ? "there is no data: the file is empty or was not downloaded completely"
      : "the compressed data ends too early, after \(source.count) bytes: the file was cut short"
  }

  private func endMember() throws(FormatError) {
    guard container == .gzip else {
      guard allowsTrailingBytes || position == source.count else {
        throw FormatError(
          "zlib", "\(source.count - position) bytes follow the end of the compressed data")
      }
      finished = true
      return
    }
    let next = source.withBytes { bytes in
      bytes[position...].firstIndex { $0 != 0 }
    }
    guard let next else {
      finished = true
      return
    }
    guard source.withBytes({ Zlib.isGzip(UnsafeRawBufferPointer(rebasing: $0[next...])) }) else {
      throw FormatError(
        "zlib", "bytes that are not gzip data follow the end of the compressed data, at \(next)")
    }
    position = next
    let result = library.inflateReset(stream)
    guard result == ZResult.ok else { throw Zlib.failure(result) }
  }
}

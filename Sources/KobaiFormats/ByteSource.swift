#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a reader takes its bytes from.
enum ByteSource: Sendable {
  case array([UInt8])
  case mapped(MappedFile)

  func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    switch self {
    case .array(let bytes):
      let result = bytes.withUnsafeBytes { bytes in
        Result { () throws(E) in try body(bytes) }
      }
      return try result.get()
    case .mapped(let file):
      defer { withExtendedLifetime(file) {} }
      return try body(file.bytes)
    }
  }

  var count: Int {
    switch self {
    case .array(let bytes): bytes.count
    case .mapped(let file): file.bytes.count
    }
  }

  /// A copy of all bytes, or the bytes themselves if they are an array.
  var array: [UInt8] {
    switch self {
    case .array(let bytes): bytes
    case .mapped(let file): Array(file.bytes)
    }
  }
}

/// Reads a file and hands it to a decoder, whose errors then name the file.
func decoding<R>(
  _ path: String, _ body: ([UInt8]) throws(FormatError) -> R
) throws -> R {
  let bytes = try contents(of: path)
  do {
    return try body(bytes)
  } catch {
    throw error.at(path)
  }
}

/// All bytes of a file. Unlike a mapping they stay what they are when the file changes.
func contents(of path: String) throws(FileError) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FileError("cannot open", path) }
  defer { close(descriptor) }
  var info = stat()
  guard fstat(descriptor, &info) == 0 else { throw FileError("cannot read", path) }
  var result: [UInt8] = []
  // Pipes state no size; one byte more shows the end of a file without another round.
  var capacity = Swift.max(Int(info.st_size) + 1, 1 << 16)
  while true {
    var failed = false
    var ended = false
    let known = result
    result = []
    result = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      count = buffer.update(fromContentsOf: known)
      while count < capacity {
        let step = read(descriptor, buffer.baseAddress.map { $0 + count }, capacity - count)
        if step > 0 {
          count += step
          continue
        }
        if step < 0 && errno == EINTR { continue }
        (failed, ended) = (step < 0, true)
        return
      }
    }
    if failed { throw FileError("cannot read", path) }
    if ended { return result }
    capacity *= 2
  }
}

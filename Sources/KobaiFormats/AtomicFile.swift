#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes a file so that it appears complete or not at all, even if the machine stops meanwhile.
///
///     try AtomicFile.write(Array("42\n".utf8), to: "answer.txt")
///     try AtomicFile.write(to: "long.bin") { output in
///       try output.write(header)
///       try output.write(elements)
///     }
///
/// The bytes go to a file of another name in the same folder, reach the disk (`fsync`), and take the
/// place of the earlier file by `rename`; then the folder reaches the disk. If anything fails, the
/// earlier file is what it was and nothing else is left behind. A symbolic link keeps pointing at its
/// file, which is replaced; an earlier file's permissions are kept.
public enum AtomicFile {
  /// Writes bytes as a file.
  ///
  /// - Throws: `FileError` that names the file and the system's reason.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let draft = try Draft(for: path)
    var output = Output(draft)
    do {
      try output.write(bytes)
      try output.flush()
      try draft.publish()
    } catch {
      draft.discard()
      throw error
    }
  }

  /// Writes a file in pieces.
  ///
  /// - Throws: `FileError` that names the file and the system's reason; what `body` throws.
  public static func write(to path: String, _ body: (inout Output) throws -> Void) throws {
    let draft = try Draft(for: path)
    var output = Output(draft)
    do {
      try body(&output)
      try output.flush()
      try draft.publish()
    } catch {
      draft.discard()
      throw error
    }
  }

  /// Takes the pieces of a file in their order.
  public struct Output {
    private let draft: Draft
    private var buffer: [UInt8] = []
    private static let bufferSize = 1 << 16

    fileprivate init(_ draft: Draft) { self.draft = draft }

    /// - Throws: `FileError`, for example if the disk is full.
    public mutating func write(_ bytes: [UInt8]) throws(FileError) {
      let result = bytes.withUnsafeBytes { bytes in
        Result { () throws(FileError) in try write(bytes) }
      }
      try result.get()
    }

    /// - Throws: `FileError`, for example if the disk is full.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
      guard buffer.count + bytes.count > Self.bufferSize else {
        buffer += bytes
        return
      }
      try flush()
      try draft.write(bytes)
    }

    fileprivate mutating func flush() throws(FileError) {
      let full = buffer
      buffer.removeAll(keepingCapacity: true)
      let result = full.withUnsafeBytes { bytes in
        Result { () throws(FileError) in try draft.write(bytes) }
      }
      try result.get()
    }
  }
}

/// The file under its temporary name.
private struct Draft {
  /// As the caller wrote it, for errors.
  let path: String
  /// Where links lead.
  let target: String
  let folder: String
  let temporary: String
  let descriptor: Int32

  init(for path: String) throws(FileError) {
    self.path = path
    var info = stat()
    let exists = stat(path, &info) == 0
    guard !exists || info.st_mode & S_IFMT == S_IFREG else {
      throw FileError(message: "cannot write \(path): it exists and is not a regular file")
    }
    let target = exists ? Self.resolved(path) : path
    let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
    folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    self.target = target
    var generator = SystemRandomNumberGenerator()
    let suffix = String(generator.next(), radix: 36)
    temporary = "\(folder)/.\(suffix).partial"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError("cannot write", path) }
    if exists { _ = fchmod(descriptor, info.st_mode & 0o7777) }
  }

  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      // Larger pieces are cut short by the system or refused.
      let count = systemWrite(descriptor, piece.baseAddress, Swift.min(piece.count, 1 << 30))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileError("cannot write", path) }
      rest = rest.dropFirst(count)
    }
  }

  /// Gives the file its name once its bytes are on the disk.
  func publish() throws(FileError) {
    guard synchronize(descriptor) == 0 else { throw FileError("cannot write", path) }
    guard rename(temporary, target) == 0 else { throw FileError("cannot write", path) }
    close(descriptor)
    // The name is on the disk once its folder is. Some file systems cannot do that; then the name is
    // as safe as they make it.
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    guard directory >= 0 else { return }
    _ = fsync(directory)
    close(directory)
  }

  func discard() {
    close(descriptor)
    unlink(temporary)
  }

  private func synchronize(_ descriptor: Int32) -> Int32 {
    #if canImport(Darwin)
      // fsync leaves the bytes in the drive's cache there.
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return 0 }
    #endif
    return fsync(descriptor)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

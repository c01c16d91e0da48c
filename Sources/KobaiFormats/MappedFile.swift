#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A whole file as read-only memory: pages are read when they are first touched.
///
/// The file must not shrink while it is mapped: the system stops a program that reads past its end.
///
/// `@unchecked Sendable`: the memory is never written.
public final class MappedFile: @unchecked Sendable {
  /// The bytes of the file; valid as long as this object lives.
  public let bytes: UnsafeRawBufferPointer

  /// - Throws: `FileError` if the file cannot be opened or is not a regular file.
  public init(_ path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("cannot open", path) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw FileError("cannot read", path) }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw FileError(message: "\(path) is not a regular file")
    }
    let count = Int(info.st_size)
    guard count > 0 else {  // mmap refuses an empty range
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else { throw FileError("cannot map", path) }
    bytes = UnsafeRawBufferPointer(start: address, count: count)
  }

  deinit {
    if let start = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
  }
}

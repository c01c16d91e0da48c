#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Data that does not follow its format, or values that the format cannot hold.
///
///     do { _ = try IDX.decode([0, 0, 7, 1]) } catch { print(error) }
///     // idx: the element type 0x07 is none of the format's 0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E
public struct FormatError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The format's short name: `"idx"`, `"csv"`, `"png"`.
  public let format: String
  /// One sentence: what was found, what must hold, what to do.
  public let message: String
  /// The file that was read; nil for bytes in memory.
  public let path: String?

  /// - Parameters:
  ///   - format: the format's short name: `"idx"`, `"csv"`, `"png"`.
  ///   - message: one sentence: what was found, what must hold, what to do.
  ///   - path: the file that was read; nil for bytes in memory.
  public init(_ format: String, _ message: String, path: String? = nil) {
    self.format = format
    self.message = message
    self.path = path
  }

  public var description: String {
    "\(format): " + (path.map { "\($0): " } ?? "") + message
  }

  /// The same error, with the file where it was found.
  func at(_ path: String) -> FormatError { FormatError(format, message, path: path) }
}

/// A file that could not be opened, read or written.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence that names the file and the system's reason.
  public let message: String
  public var description: String { message }

  /// - Parameter message: one sentence that names the file and the system's reason.
  public init(message: String) { self.message = message }

  /// `action` and the system's reason for the call that has just failed.
  init(_ action: String, _ path: String) {
    let reason = String(cString: strerror(errno))
    message = "\(action) \(path): \(reason)"
  }
}

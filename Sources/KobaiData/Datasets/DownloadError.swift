/// A file that could not be fetched.
///
///     // https://example.org/a.gz: the server answered with status 404
public struct DownloadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable, Hashable {
    /// libcurl cannot be opened; the message says what to install.
    case libraryMissing
    /// The server was not reached: no network, no such host, a certificate that is not trusted.
    case unreachable
    /// The server answered with that HTTP status instead of the file.
    case status(Int)
    /// Too little came for too long.
    case stalled
    /// The connection ended before the file did.
    case incomplete
    /// More came than the file has.
    case tooLarge
    /// All came, but it is not the file: its SHA-256 is another.
    case wrongDigest
    /// The surrounding task was cancelled, or the program asked to end.
    case cancelled
    /// The file could not be written.
    case file
  }

  /// What went wrong, to be told apart by programs.
  public let kind: Kind
  /// Where the file was fetched from.
  public let url: String
  /// One sentence: what happened, and what to do where that is known.
  public let message: String

  /// - Parameters:
  ///   - kind: what went wrong.
  ///   - url: where the file was fetched from.
  ///   - message: one sentence: what happened, and what to do where that is known.
  public init(_ kind: Kind, _ url: String, _ message: String) {
    self.kind = kind
    self.url = url
    self.message = message
  }

  public var description: String { "\(url): \(message)" }
}

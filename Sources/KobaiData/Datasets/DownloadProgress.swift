/// How far a download has come.
///
///     try MNIST.load { progress in
///       print(progress.file, progress.received, "of", progress.total ?? 0)
///     }
public struct DownloadProgress: Sendable, Hashable {
  /// The file's name, without folders.
  public let file: String
  /// The bytes that have come.
  public let received: Int
  /// The bytes of the file; nil if the server does not say.
  public let total: Int?

  /// A state of a download.
  public init(file: String, received: Int, total: Int?) {
    self.file = file
    self.received = received
    self.total = total
  }
}

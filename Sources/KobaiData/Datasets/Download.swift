import KobaiFormats

/// Files from the network, by libcurl, which is opened when it is first needed.
///
///     try Download.fetch(
///       "https://example.org/weights.bin", to: "weights.bin",
///       sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
///
/// Proxies are taken from the environment (`https_proxy`, `no_proxy`), as curl does.
public enum Download {
  /// Whether libcurl can be opened.
  public static var isAvailable: Bool {
    if case .success = CurlLibrary.shared { true } else { false }
  }

  /// Fetches a file, checks it, and only then gives it its name.
  ///
  /// The bytes go to a temporary file in the same folder and reach the disk; if anything fails, an earlier
  /// file of that name is what it was and nothing else is left behind. Redirections are followed. The
  /// transfer ends with an error if less than 100 bytes a second come for half a minute, or once the
  /// surrounding task is cancelled or the program asked to end (`Interruption`).
  ///
  /// - Parameters:
  ///   - url: `http`, `https` or `file`.
  ///   - path: where to store it, in a folder that exists.
  ///   - sha256: the digest that the file must have: 64 hexadecimal digits.
  ///   - byteLimit: the most bytes to accept.
  ///   - progress: called again and again, on this thread.
  public static func fetch(
    _ url: String, to path: String, sha256: String, byteLimit: Int? = nil,
    progress: ((DownloadProgress) -> Void)? = nil
  ) throws(DownloadError) {
    try fetch(
      url, to: path, sha256: sha256, byteLimit: byteLimit, stallTime: 30, progress: progress)
  }

  /// The same with another time, in seconds, after which a transfer that stands still is given up.
  package static func fetch(
    _ url: String, to path: String, sha256: String, byteLimit: Int?, stallTime: Int,
    progress: ((DownloadProgress) -> Void)?
  ) throws(DownloadError) {
    let library: CurlLibrary
    do {
      library = try CurlLibrary.shared.get()
    } catch {
      throw DownloadError(.libraryMissing, url, error.message)
    }
    do {
      try AtomicFile.write(to: path) { output in
        let transfer = Transfer(url, name: path, byteLimit: byteLimit, progress)
        try transfer.run(library, stallTime: stallTime, into: &output)
        let digest = transfer.hexDigest
        guard digest == sha256.lowercased() else {
          throw DownloadError(
            .wrongDigest, url,
            "\(transfer.received) bytes came whose SHA-256 is \(digest) instead of \(sha256): it is "
              + "not the file that was expected")
        }
      }
    } catch let error as DownloadError {
      throw error
    } catch {
      throw DownloadError(.file, url, "\(error)")
    }
  }
}

import KobaiFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One transfer while it runs: what libcurl's callbacks work on.
final class Transfer {
  private let url: String
  private let name: String
  private let byteLimit: Int?
  private let progress: ((DownloadProgress) -> Void)?
  private var output: UnsafeMutablePointer<AtomicFile.Output>?
  private var digest = SHA256()
  private(set) var received = 0
  private var reported = -1
  private var fault: DownloadError?

  init(
    _ url: String, name path: String, byteLimit: Int?, _ progress: ((DownloadProgress) -> Void)?
  ) {
    self.url = url
    name = path.split(separator: "/").last.map(String.init) ?? path
    self.byteLimit = byteLimit
    self.progress = progress
  }

  /// SHA-256 of what has come.
  var hexDigest: String {
    digest.finish().map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0\(digits)" : digits
    }.joined()
  }

  func run(
    _ library: CurlLibrary, stallTime: Int, into output: inout AtomicFile.Output
  ) throws(DownloadError) {
    guard let session = CurlLibrary.Session(library) else {
      throw DownloadError(.libraryMissing, url, "libcurl does not start a transfer")
    }
    configure(session, stallTime: stallTime)
    let code = withUnsafeMutablePointer(to: &output) { output in
      self.output = output
      defer { self.output = nil }
      return withExtendedLifetime(self) { session.perform() }
    }
    if let fault { throw fault }
    guard code == 0 else { throw failure(code, session, stallTime) }
    report(total: received)
  }

  private func configure(_ session: CurlLibrary.Session, stallTime: Int) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    session.set(.url, url)
    session.set(.userAgent, "kobai")
    session.set(.noSignal, 1)
    session.set(.failOnError, 1)
    session.set(.followLocation, 1)
    session.set(.maxRedirections, 10)
    let (http, https, file) = (1, 2, 1 << 10)
    session.set(.protocols, http | https | file)
    // A server must not make this program read the machine's own files.
    session.set(.redirectionProtocols, http | https)
    session.set(.connectTimeout, Swift.max(stallTime, 1))
    session.set(.lowSpeedLimit, 100)
    session.set(.lowSpeedTime, stallTime)
    if let byteLimit { session.setOffset(.maxFileSize, byteLimit) }
    session.set(.writeData, context)
    session.onData { bytes, _, count, context in
      guard let bytes, let context else { return 0 }
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.take(UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
    }
    session.set(.noProgress, 0)
    session.set(.progressData, context)
    session.onProgress { context, total, _, _, _ in
      guard let context else { return 1 }
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.step(total: Int(total)) ? 0 : 1
    }
  }

  /// Stores what has come; false ends the transfer.
  private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    received += bytes.count
    // curl checks the size that the server states; this is for servers that state none.
    if let byteLimit, received > byteLimit {
      fault = tooLarge(byteLimit)
      return false
    }
    digest.update(bytes)
    do {
      try output?.pointee.write(bytes)
      return true
    } catch {
      fault = DownloadError(.file, url, "\(error)")
      return false
    }
  }

  /// Tells how far it is; false ends the transfer.
  private func step(total: Int) -> Bool {
    if Task.isCancelled || Interruption.isRequested {
      fault = DownloadError(.cancelled, url, "the download was cancelled after \(received) bytes")
      return false
    }
    if received > 0, received != reported { report(total: total > 0 ? total : byteLimit) }
    return true
  }

  private func report(total: Int?) {
    guard received != reported else { return }
    reported = received
    progress?(DownloadProgress(file: name, received: received, total: total))
  }

  private func tooLarge(_ limit: Int) -> DownloadError {
    DownloadError(
      .tooLarge, url, "more than the \(limit) bytes of the file were offered: it is another file")
  }

  /// The error for one of libcurl's codes.
  private func failure(
    _ code: Int32, _ session: CurlLibrary.Session, _ stallTime: Int
  ) -> DownloadError {
    let explanation = session.explanation(code)
    switch code {
    case 22:
      return DownloadError(
        .status(session.status), url, "the server answered with status \(session.status)")
    case 28:
      return DownloadError(
        .stalled, url, "nothing came for \(stallTime) seconds after \(received) bytes; try again")
    case 18, 52, 55, 56:  // partial file, empty answer, sending and receiving failed
      return DownloadError(
        .incomplete, url,
        "the connection ended after \(received) bytes, before the file did; try again (\(explanation))"
      )
    case 63:
      return byteLimit.map(tooLarge) ?? DownloadError(.tooLarge, url, explanation)
    case 1, 3:  // unknown protocol, malformed address
      return DownloadError(
        .unreachable, url, "the address cannot be used; give http, https or file (\(explanation))")
    case 47:
      return DownloadError(
        .unreachable, url, "the server answers with more than 10 redirections (\(explanation))")
    case 37:
      return DownloadError(.unreachable, url, "the file cannot be read (\(explanation))")
    default:
      return DownloadError(
        .unreachable, url, "the server was not reached; check the network (\(explanation))")
    }
  }
}

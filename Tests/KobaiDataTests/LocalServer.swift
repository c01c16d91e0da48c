import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A small HTTP server on this machine, in this process.
final class LocalServer: Sendable {
  enum Answer: Sendable {
    case body([UInt8])
    /// Without a length: the end of the connection is the end of the body.
    case bodyWithoutLength([UInt8])
    case status(Int)
    case redirect(String)
    /// States that length, sends less and ends the connection.
    case truncated([UInt8], length: Int)
    /// States that length, sends less and keeps the connection.
    case stalled([UInt8], length: Int)
  }

  let port: Int
  private let listener: Int32
  private let answers: [String: Answer]
  private let requested = Mutex<[String]>([])

  /// The paths that were asked for, in order.
  var requests: [String] { requested.withLock { $0 } }

  init(_ answers: [String: Answer]) throws {
    self.answers = answers
    #if canImport(Glibc)
      listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (socket, length) = (listener, size)
    let isBound = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, length) == 0 && listen(socket, 16) == 0
          && getsockname(socket, $0, &size) == 0
      }
    }
    guard isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [self] in serve() }
  }

  func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

  /// Ends the server; the thread that waits for connections ends with it.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { break }
      Thread.detachNewThread { [self] in
        handle(connection)
        close(connection)
      }
    }
    close(listener)
  }

  private func handle(_ connection: Int32) {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      request += buffer[..<count]
    }
    let words = String(decoding: request, as: UTF8.self).split(separator: " ")
    guard words.count > 1 else { return }
    let path = String(words[1].dropFirst())
    requested.withLock { $0.append(path) }
    switch answers[path] ?? .status(404) {
    case .body(let bytes):
      send(connection, head(200, ["Content-Length: \(bytes.count)"]) + bytes)
    case .bodyWithoutLength(let bytes):
      send(connection, head(200, []) + bytes)
    case .status(let status):
      send(connection, head(status, ["Content-Length: 5"]) + Array("sorry".utf8))
    case .redirect(let url):
      send(connection, head(302, ["Location: \(url)", "Content-Length: 0"]))
    case .truncated(let bytes, let length):
      send(connection, head(200, ["Content-Length: \(length)"]) + bytes)
    case .stalled(let bytes, let length):
      send(connection, head(200, ["Content-Length: \(length)"]) + bytes)
      // Until the client gives up.
      _ = recv(connection, &buffer, buffer.count, 0)
    }
  }

  private func head(_ status: Int, _ fields: [String]) -> [UInt8] {
    let lines = ["HTTP/1.1 \(status) Status", "Connection: close"] + fields
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }

  private func send(_ connection: Int32, _ bytes: [UInt8]) {
    #if canImport(Darwin)
      let flags: Int32 = 0
    #else
      let flags = Int32(MSG_NOSIGNAL)
    #endif
    var position = 0
    while position < bytes.count {
      let count = bytes[position...].withUnsafeBytes {
        systemSend(connection, $0.baseAddress, $0.count, flags)
      }
      guard count > 0 else { return }
      position += count
    }
  }
}

private func systemSend(
  _ connection: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int { send(connection, bytes, count, flags) }

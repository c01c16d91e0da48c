#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension CSV.Encoding {
  /// The bytes as UTF-8, and where the text begins in them.
  func text(of bytes: [UInt8]) throws(FormatError) -> (text: [UInt8], start: Int) {
    switch self {
    case .utf8:
      let result = bytes.withUnsafeBufferPointer { buffer in
        Result { () throws(FormatError) in try Self.startOfUTF8(buffer) }
      }
      return (bytes, try result.get())
    case .shiftJIS:
      return (try Self.convert(bytes), 0)
    }
  }

  /// Checks UTF-8 and gives the position behind its byte order mark.
  static func startOfUTF8(_ bytes: UnsafeBufferPointer<UInt8>) throws(FormatError) -> Int {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw FormatError("csv", "the file is UTF-16 text; save it as UTF-8")
    }
    if let fault = UTF8Check.firstFault(bytes) {
      let line = CSVParser.line(in: bytes, at: fault)
      throw FormatError(
        "csv",
        "line \(line) is not UTF-8 text (byte \(hex(bytes[fault]))); if the file is Shift_JIS, "
          + "as Japanese files often are, read it with encoding: .shiftJIS, otherwise save it as UTF-8"
      )
    }
    return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// Shift_JIS as UTF-8, by the C library's iconv.
  private static func convert(_ bytes: [UInt8]) throws(FormatError) -> [UInt8] {
    let library = try Iconv.shared.get()
    guard let converter = library.open("UTF-8", "CP932"),
      converter != UnsafeMutableRawPointer(bitPattern: -1)
    else {
      throw FormatError(
        "csv",
        "this system's iconv does not know Shift_JIS (CP932); install its converters (Fedora: "
          + "glibc-gconv-extra; elsewhere they come with libc), or save the file as UTF-8")
    }
    defer { _ = library.close(converter) }
    // A byte makes up to three: half-width katakana.
    var result = [UInt8](repeating: 0, count: 3 * bytes.count + 16)
    var unread = bytes.count
    var unwritten = result.count
    let code = bytes.withUnsafeBytes { source in
      result.withUnsafeMutableBytes { target in
        // iconv takes a pointer to what it does not change.
        var input = UnsafeMutablePointer(
          mutating: source.bindMemory(to: CChar.self).baseAddress)
        var output = target.bindMemory(to: CChar.self).baseAddress
        return library.convert(converter, &input, &unread, &output, &unwritten)
      }
    }
    guard code != Int(bitPattern: UInt.max), unread == 0 else {
      let position = bytes.count - unread
      let line = bytes.withUnsafeBufferPointer { CSVParser.line(in: $0, at: position) }
      throw FormatError(
        "csv",
        "line \(line) is not Shift_JIS text (byte \(hex(bytes[position]))); if the file is UTF-8, "
          + "read it with encoding: .utf8")
    }
    result.removeLast(unwritten)
    return result
  }
}

/// The C library's converter of text.
///
/// `@unchecked Sendable`: addresses of functions, which never change.
private struct Iconv: @unchecked Sendable {
  typealias Open =
    @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>) -> UnsafeMutableRawPointer?
  typealias Text = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  typealias Convert =
    @convention(c) (
      UnsafeMutableRawPointer, Text, UnsafeMutablePointer<Int>, Text, UnsafeMutablePointer<Int>
    ) -> Int
  typealias Close = @convention(c) (UnsafeMutableRawPointer) -> Int32

  let open: Open
  let convert: Convert
  let close: Close

  static let shared = Result { () throws(FormatError) in try Iconv() }

  private init() throws(FormatError) {
    #if canImport(Darwin)
      let handle = dlopen("/usr/lib/libiconv.2.dylib", RTLD_NOW | RTLD_LOCAL)
    #else
      let handle = dlopen(nil, RTLD_NOW)
    #endif
    guard let handle, let open = dlsym(handle, "iconv_open"), let convert = dlsym(handle, "iconv"),
      let close = dlsym(handle, "iconv_close")
    else {
      throw FormatError(
        "csv", "this system's C library has no iconv, which Shift_JIS needs; save the file as UTF-8"
      )
    }
    self.open = unsafeBitCast(open, to: Open.self)
    self.convert = unsafeBitCast(convert, to: Convert.self)
    self.close = unsafeBitCast(close, to: Close.self)
  }
}

import CDatasets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The functions of libcurl, opened when the first of them is needed.
///
/// `@unchecked Sendable`: addresses of functions, which never change.
package struct CurlLibrary: @unchecked Sendable {
  typealias Handle = UnsafeMutableRawPointer

  private let initialize: @convention(c) () -> Handle?
  private let cleanUp: @convention(c) (Handle) -> Void
  private let perform: @convention(c) (Handle) -> Int32
  private let describe: @convention(c) (Int32) -> UnsafePointer<CChar>?
  // Variadic: called from C.
  private let setOption: UnsafeMutableRawPointer
  private let getInformation: UnsafeMutableRawPointer

  #if canImport(Darwin)
    private static let names = ["libcurl.dylib", "/usr/lib/libcurl.4.dylib"]
  #else
    private static let names = ["libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"]
  #endif

  /// The library, or a sentence that says what to install.
  static let shared = Result { () throws(Missing) in try CurlLibrary(names: names) }

  /// Why libcurl cannot be used.
  package struct Missing: Error, Sendable {
    package let message: String
  }

  package init(names: [String]) throws(Missing) {
    guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
      throw Missing(
        message:
          "\(names.joined(separator: " and ")) cannot be opened, and downloads need one of them; "
          + "install libcurl (Debian, Ubuntu: libcurl4; Fedora: libcurl; Alpine: libcurl)")
    }
    func address(_ name: String) throws(Missing) -> UnsafeMutableRawPointer {
      guard let address = dlsym(library, name) else {
        throw Missing(
          message: "the libcurl that was found has no \(name); install libcurl 7.32 or later")
      }
      return address
    }
    initialize = unsafeBitCast(
      try address("curl_easy_init"), to: (@convention(c) () -> Handle?).self)
    cleanUp = unsafeBitCast(
      try address("curl_easy_cleanup"), to: (@convention(c) (Handle) -> Void).self)
    perform = unsafeBitCast(
      try address("curl_easy_perform"), to: (@convention(c) (Handle) -> Int32).self)
    describe = unsafeBitCast(
      try address("curl_easy_strerror"),
      to: (@convention(c) (Int32) -> UnsafePointer<CChar>?).self)
    setOption = try address("curl_easy_setopt")
    getInformation = try address("curl_easy_getinfo")
    let start = unsafeBitCast(
      try address("curl_global_init"), to: (@convention(c) (CLong) -> Int32).self)
    guard start(3) == 0 else {  // CURL_GLOBAL_ALL
      throw Missing(message: "the libcurl that was found does not start; install it anew")
    }
  }

  /// One transfer's settings and its outcome.
  final class Session {
    private let library: CurlLibrary
    private let handle: Handle
    /// What curl says of a failure; at a fixed address, for curl keeps it.
    private let text: UnsafeMutablePointer<CChar>
    private static let textSize = 256  // CURL_ERROR_SIZE

    init?(_ library: CurlLibrary) {
      guard let handle = library.initialize() else { return nil }
      self.library = library
      self.handle = handle
      text = .allocate(capacity: Self.textSize)
      text.initialize(repeating: 0, count: Self.textSize)
      set(.errorBuffer, text)
    }

    deinit {
      library.cleanUp(handle)
      text.deallocate()
    }

    func set(_ option: CurlOption, _ value: Int) {
      _ = kb_curl_set_long(library.setOption, handle, option.rawValue, value)
    }

    func setOffset(_ option: CurlOption, _ value: Int) {
      _ = kb_curl_set_offset(library.setOption, handle, option.rawValue, Int64(value))
    }

    /// `value` must live until the transfer has ended, unless it is text, which curl copies.
    func set(_ option: CurlOption, _ value: UnsafeRawPointer) {
      _ = kb_curl_set_pointer(library.setOption, handle, option.rawValue, value)
    }

    func onData(_ function: @escaping kb_curl_write) {
      _ = kb_curl_set_write(library.setOption, handle, function)
    }

    func onProgress(_ function: @escaping kb_curl_progress) {
      _ = kb_curl_set_progress(library.setOption, handle, function)
    }

    /// - Returns: curl's code: 0 once all has come.
    func perform() -> Int32 { library.perform(handle) }

    /// The HTTP status of the last answer; 0 without one.
    var status: Int {
      var status: CLong = 0
      let responseCode: Int32 = 0x20_0002  // CURLINFO_RESPONSE_CODE
      _ = kb_curl_get_long(library.getInformation, handle, responseCode, &status)
      return status
    }

    /// What curl says of a code.
    func explanation(_ code: Int32) -> String {
      if text.pointee != 0 { return String(cString: text) }
      return library.describe(code).map { String(cString: $0) } ?? "error \(code)"
    }
  }
}

/// CURLoption: those that are used here. Their numbers are part of libcurl's binary interface.
enum CurlOption: Int32 {
  case lowSpeedLimit = 19
  case lowSpeedTime = 20
  case noProgress = 43
  case failOnError = 45
  case followLocation = 52
  case maxRedirections = 68
  case connectTimeout = 78
  case noSignal = 99
  case protocols = 181
  case redirectionProtocols = 182
  case writeData = 10001
  case url = 10002
  case errorBuffer = 10010
  case userAgent = 10018
  case progressData = 10057
  case maxFileSize = 30117
}

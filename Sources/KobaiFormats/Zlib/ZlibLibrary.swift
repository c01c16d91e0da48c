#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The functions of libz, opened when the first of them is needed.
///
/// `@unchecked Sendable`: addresses of functions, which never change.
package struct ZlibLibrary: @unchecked Sendable {
  typealias Stream = UnsafeMutablePointer<ZStream>
  // C's view of it: @convention(c) takes no pointers to Swift's types.
  typealias RawStream = UnsafeMutableRawPointer
  typealias Initialize = @convention(c) (RawStream, Int32, UnsafePointer<CChar>, Int32) -> Int32
  typealias InitializeDeflate =
    @convention(c) (RawStream, Int32, Int32, Int32, Int32, Int32, UnsafePointer<CChar>, Int32) ->
    Int32
  typealias Step = @convention(c) (RawStream, Int32) -> Int32
  typealias Simple = @convention(c) (RawStream) -> Int32

  let inflateInit: Initialize
  let inflate: Step
  let inflateReset: Simple
  let inflateEnd: Simple
  let deflateInit: InitializeDeflate
  let deflate: Step
  let deflateEnd: Simple

  /// libz compares the first digit of this with its own version: the interface has been 1 since 1995.
  static let version = "1.2.11"

  #if canImport(Darwin)
    private static let names = ["libz.dylib", "/usr/lib/libz.1.dylib"]
  #else
    private static let names = ["libz.so.1", "libz.so"]
  #endif

  static let shared = Result { () throws(FormatError) in try ZlibLibrary(names: names) }

  /// - Throws: `FormatError` that says what to install if none of the libraries can be opened.
  package init(names: [String]) throws(FormatError) {
    guard let handle = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
      throw FormatError(
        "zlib",
        "\(names.joined(separator: " and ")) cannot be opened, and compressed data needs one of them; "
          + "install zlib (Debian, Ubuntu: zlib1g; Fedora: zlib; Alpine: zlib)")
    }
    func function<F>(_ name: String, _ type: F.Type) throws(FormatError) -> F {
      guard let address = dlsym(handle, name) else {
        throw FormatError(
          "zlib", "the libz that was found has no \(name); install zlib 1.2 or later")
      }
      return unsafeBitCast(address, to: type)
    }
    inflateInit = try function("inflateInit2_", Initialize.self)
    inflate = try function("inflate", Step.self)
    inflateReset = try function("inflateReset", Simple.self)
    inflateEnd = try function("inflateEnd", Simple.self)
    deflateInit = try function("deflateInit2_", InitializeDeflate.self)
    deflate = try function("deflate", Step.self)
    deflateEnd = try function("deflateEnd", Simple.self)
  }
}

/// `z_stream` of zlib.h. Swift lays these fields out as C does; libz checks the size.
struct ZStream {
  var nextIn: UnsafePointer<UInt8>?
  var availableIn: UInt32 = 0
  var totalIn: CUnsignedLong = 0
  var nextOut: UnsafeMutablePointer<UInt8>?
  var availableOut: UInt32 = 0
  var totalOut: CUnsignedLong = 0
  var message: UnsafePointer<CChar>?
  var state: UnsafeMutableRawPointer?
  var allocate: UnsafeMutableRawPointer?
  var free: UnsafeMutableRawPointer?
  var opaque: UnsafeMutableRawPointer?
  var dataType: Int32 = 0
  var checksum: CUnsignedLong = 0
  var reserved: CUnsignedLong = 0

  static var size: Int32 { Int32(MemoryLayout<ZStream>.stride) }
}

/// The results of libz's calls.
enum ZResult {
  static let ok: Int32 = 0
  static let streamEnd: Int32 = 1
  static let needsDictionary: Int32 = 2
  static let dataError: Int32 = -3
  static let memoryError: Int32 = -4
  static let bufferError: Int32 = -5
}

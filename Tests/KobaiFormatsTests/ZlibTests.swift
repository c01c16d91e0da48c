import KobaiFormats
import Testing

@Suite("Zlib")
struct ZlibTests {
  private struct Cases: Decodable {
    var text: String
    var gzip: [String: String]
    var zlib: String
    var faulty: [String: String]
  }

  private let cases: Cases
  private var text: [UInt8] { Array(cases.text.utf8) }

  init() throws { cases = try Resource.json("compressed.json", as: Cases.self) }

  @Test func readsEveryFormOfGzip() throws {
    #expect(cases.gzip.count == 8)
    for (name, hex) in cases.gzip {
      #expect(try Zlib.decompress(bytes(hex: hex), limit: 1 << 20) == text, "\(name)")
    }
    #expect(try Zlib.decompress(bytes(hex: cases.zlib), .zlib, limit: 1 << 20) == text)
  }

  @Test func refusesFaultyGzip() {
    #expect(cases.faulty.count == 13)
    for (name, hex) in cases.faulty {
      let message = refusal { try Zlib.decompress(bytes(hex: hex), limit: 1 << 20) }
      #expect(message?.hasPrefix("zlib: ") == true, "\(name): \(message ?? "accepted")")
    }
    func message(_ name: String) -> String? {
      refusal { try Zlib.decompress(bytes(hex: cases.faulty[name] ?? ""), limit: 1 << 20) }
    }
    #expect(message("data cut")?.contains("ends too early, after 30 bytes") == true)
    #expect(message("trailer cut")?.contains("ends too early") == true)
    #expect(message("wrong CRC")?.contains("corrupt (incorrect data check)") == true)
    #expect(message("wrong length")?.contains("corrupt (incorrect length check)") == true)
    #expect(message("garbage behind")?.contains("that are not gzip data follow") == true)
    #expect(message("empty")?.contains("no data") == true)
  }

  /// Each cut of a file with two members, but the one between them, is an error.
  @Test func noticesEveryCut() throws {
    let whole = bytes(hex: cases.gzip["two members"] ?? "")
    let first = bytes(hex: cases.gzip["plain"] ?? "")
    for count in 0..<first.count {
      #expect(throws: FormatError.self) {
        try Zlib.decompress(Array(first[..<count]), limit: 1 << 20)
      }
    }
    let accepted = (1..<whole.count).filter { count in
      (try? Zlib.decompress(Array(whole[..<count]), limit: 1 << 20)) != nil
    }
    #expect(accepted.count == 1)
  }

  @Test(arguments: [Zlib.Container.gzip, .zlib, .raw])
  func compressesWhatItReads(_ container: Zlib.Container) throws {
    let noise = (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
    for data in [[], [7], text, noise] {
      for level in [0, 1, 6, 9] {
        let packed = try Zlib.compress(data, container, level: level)
        #expect(try Zlib.decompress(packed, container, limit: data.count) == data)
        #expect(packed == (try Zlib.compress(data, container, level: level)))
      }
    }
    #expect(try Zlib.compress(text, container).count < text.count / 4)
    #expect(throws: FormatError.self) { try Zlib.compress(text, container, level: 10) }
    let behind = try Zlib.compress(text, container) + [1, 2, 3]
    #expect(throws: FormatError.self) { try Zlib.decompress(behind, container, limit: 1 << 20) }
  }

  @Test func holdsToItsLimit() throws {
    let bomb = try Zlib.compress([UInt8](repeating: 0, count: 1 << 24), level: 9)
    #expect(bomb.count < 1 << 15)
    #expect(
      refusal { try Zlib.decompress(bomb, limit: 1 << 24 - 1) }
        == "zlib: the decompressed data has more than the 16777215 bytes that are allowed")
    #expect(try Zlib.decompress(bomb, limit: 1 << 24).count == 1 << 24)
    #expect(throws: FormatError.self) { try Zlib.decompress(bomb, limit: 0) }
    #expect(try Zlib.decompress(try Zlib.compress([]), limit: 0) == [])
  }

  @Test func streams() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("text.gz")
    try AtomicFile.write(bytes(hex: cases.gzip["empty member between"] ?? ""), to: path)
    for size in [1, 3, 100, 10_000] {
      let inflater = try Inflater(contentsOf: path)
      var (piece, result) = ([UInt8](repeating: 0, count: size), [UInt8]())
      while true {
        let count = try piece.withUnsafeMutableBytes { try inflater.read(into: $0) }
        guard count > 0 else { break }
        result += piece[..<count]
      }
      #expect(result == text)
    }
    #expect(try Zlib.decompress(contentsOf: path, limit: 1000) == text)
    try AtomicFile.write([31, 139, 8], to: path)
    let cut = try Inflater(contentsOf: path)
    #expect(
      refusal {
        try withUnsafeTemporaryAllocation(byteCount: 8, alignment: 1) { try cut.read(into: $0) }
      }
        == "zlib: \(path): the compressed data ends too early, after 3 bytes: the file was cut short"
    )
    #expect(
      refusal { try Zlib.decompress(contentsOf: path, limit: 1000) }?.contains(path) == true)
  }

  @Test func saysWhatToInstall() {
    #expect(Zlib.isAvailable)
    #expect(
      refusal { try ZlibLibrary(names: ["libz-missing.so.1"]) }
        == "zlib: libz-missing.so.1 cannot be opened, and compressed data needs one of them; install "
        + "zlib (Debian, Ubuntu: zlib1g; Fedora: zlib; Alpine: zlib)")
  }
}

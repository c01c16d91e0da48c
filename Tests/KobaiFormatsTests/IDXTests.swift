import KobaiFormats
import Testing

@Suite("IDX")
struct IDXTests {
  @Test func readsEveryElementType() throws {
    #expect(
      try IDX.decode([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255])
        == RawArray([1, 2, 3, 4, 5, 255] as [UInt8], dtype: .uint8, shape: [2, 3]))
    #expect(
      try IDX.decode([0, 0, 9, 1, 0, 0, 0, 2, 255, 1])
        == RawArray([-1, 1] as [Int8], dtype: .int8, shape: [2]))
    #expect(
      try IDX.decode([0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 2, 255, 254])
        == RawArray([258, -2] as [Int16], dtype: .int16, shape: [2]))
    #expect(
      try IDX.decode([0, 0, 0x0C, 1, 0, 0, 0, 1, 1, 2, 3, 4])
        == RawArray([0x0102_0304] as [Int32], dtype: .int32, shape: [1]))
    #expect(
      try IDX.decode([0, 0, 0x0D, 1, 0, 0, 0, 1, 0x3F, 0xC0, 0, 0])
        == RawArray([1.5] as [Float], dtype: .float32, shape: [1]))
    #expect(
      try IDX.decode([0, 0, 0x0E, 0, 0xC0, 0x04, 0, 0, 0, 0, 0, 0])
        == RawArray([-2.5] as [Double], dtype: .float64, shape: []))
  }

  @Test func readsWhatItWritesPlainAndCompressed() throws {
    for dtype in [RawArray.ElementType.uint8, .int8, .int16, .int32, .float32, .float64] {
      let array = RawArray(
        dtype: dtype, shape: [3, 0, 2], bytes: [])
      #expect(try IDX.decode(try IDX.encode(array)) == array)
      let full = RawArray(
        dtype: dtype, shape: [3, 5], bytes: (0..<15 * dtype.size).map { UInt8($0) })
      let encoded = try IDX.encode(full)
      #expect(try IDX.decode(encoded) == full)
      #expect(try IDX.decode(try Zlib.compress(encoded)) == full)
    }
    #expect(throws: FormatError.self) {
      try IDX.encode(RawArray(dtype: .int64, shape: [1], bytes: [UInt8](repeating: 0, count: 8)))
    }
    #expect(throws: FormatError.self) {
      try IDX.encode(RawArray(dtype: .uint8, shape: [3], bytes: [1, 2]))
    }
  }

  @Test(arguments: [
    ([], "the file has 0 bytes, but its header alone takes 4"),
    ([1, 0, 8, 1], "begins with 0x01 0x00 where two zeros belong"),
    ([0, 0, 7, 1], "the element type 0x07 is none of the format's"),
    ([0, 0, 8, 2, 0, 0, 0, 1], "2 dimensions take 8 bytes, 4 are there"),
    ([0, 0, 8, 1, 0, 0, 0, 3, 1, 2], "uint8 [3] takes 3 bytes, but 2 follow"),
    ([0, 0, 8, 3] + [UInt8](repeating: 255, count: 12), "is larger than any memory"),
  ])
  func refusesMalformedFiles(_ bytes: [UInt8], _ message: String) throws {
    let text = refusal { try IDX.decode(bytes) }
    #expect(text?.hasPrefix("idx: ") == true && text?.contains(message) == true, "\(text ?? "")")
    let packed = refusal { try IDX.decode(try Zlib.compress(bytes)) }
    #expect(packed?.contains(message) == true, "\(packed ?? "")")
  }

  @Test func refusesWhatFollows() throws {
    let bytes: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 1, 5, 6]
    #expect(refusal { try IDX.decode(bytes) }?.contains("takes 1 bytes, but 2 follow") == true)
    #expect(
      refusal { try IDX.decode(try Zlib.compress(bytes)) }?
        .contains("more bytes follow the 1 that uint8 [1] takes") == true)
  }

  /// A header that asks for terabytes is refused before any memory is taken.
  @Test func refusesBombs() throws {
    let bytes: [UInt8] = [0, 0, 8, 2, 0, 16, 0, 0, 0, 16, 0, 0] + [UInt8](repeating: 0, count: 999)
    #expect(
      refusal { try IDX.decode(try Zlib.compress(bytes)) }?.contains("bytes cannot hold") == true)
  }

  @Test func namesTheFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("images.gz")
    try AtomicFile.write([0, 0, 7, 1], to: path)
    #expect(
      refusal { try IDX.read(contentsOf: path) }?.hasPrefix("idx: \(path): the element") == true)
    #expect(throws: FileError.self) { try IDX.read(contentsOf: folder.file("missing")) }
    #expect(throws: FileError.self) { try IDX.read(contentsOf: folder.path) }
  }
}

/// Finds the parts of an archive in its bytes.
struct ZipDirectory {
  private let bytes: UnsafeRawBufferPointer

  private static let endSignature: UInt32 = 0x0605_4B50
  private static let end64Signature: UInt32 = 0x0606_4B50
  private static let locatorSignature: UInt32 = 0x0706_4B50
  private static let entrySignature: UInt32 = 0x0201_4B50
  private static let fileSignature: UInt32 = 0x0403_4B50
  private static let endSize = 22
  private static let maximalCommentSize = 0xFFFF

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// A little-endian number; the caller has checked that it is there.
  private func number<N: FixedWidthInteger>(_ type: N.Type, _ offset: Int) -> N {
    N(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
  }

  private func isThere(_ offset: Int, _ count: Int) -> Bool {
    offset >= 0 && count >= 0 && offset <= bytes.count && count <= bytes.count - offset
  }

  func entries() throws(FormatError) -> [ZipArchive.Entry] {
    var (position, count, size) = try place()
    guard isThere(position, size) else {
      throw FormatError("zip", "the directory lies outside of the file: the file was cut short")
    }
    let end = position + size
    // Each entry takes 46 bytes at least.
    guard count <= size / 46 else {
      throw FormatError("zip", "the directory's \(size) bytes cannot hold \(count) entries")
    }
    var result: [ZipArchive.Entry] = []
    for _ in 0..<count {
      guard end - position >= 46, number(UInt32.self, position) == Self.entrySignature else {
        throw FormatError("zip", "entry \(result.count) of the directory is malformed")
      }
      let nameSize = Int(number(UInt16.self, position + 28))
      let extraSize = Int(number(UInt16.self, position + 30))
      let commentSize = Int(number(UInt16.self, position + 32))
      let next = position + 46 + nameSize + extraSize + commentSize
      guard next <= end else {
        throw FormatError("zip", "entry \(result.count) of the directory is cut short")
      }
      result.append(try entry(at: position, nameSize, extraSize))
      position = next
    }
    return result
  }

  /// Where the directory is, from the record at the end of the file.
  private func place() throws(FormatError) -> (position: Int, count: Int, size: Int) {
    let first = Swift.max(bytes.count - Self.endSize - Self.maximalCommentSize, 0)
    var end = bytes.count - Self.endSize
    while end >= first {
      if number(UInt32.self, end) == Self.endSignature,
        end + Self.endSize + Int(number(UInt16.self, end + 20)) == bytes.count
      {
        break
      }
      end -= 1
    }
    guard end >= first else {
      throw FormatError(
        "zip", "the file has no directory at its end: it was cut short or is not a ZIP archive")
    }
    let count = number(UInt16.self, end + 10)
    let size = number(UInt32.self, end + 12)
    let position = number(UInt32.self, end + 16)
    if count == .max || size == .max || position == .max, let large = try place64(before: end) {
      return large
    }
    guard number(UInt16.self, end + 4) == 0, number(UInt16.self, end + 8) == count else {
      throw FormatError("zip", "the archive has several parts; only single files can be read")
    }
    return (Int(position), Int(count), Int(size))
  }

  /// The same from the record for archives beyond 4 GiB or 65,535 files; nil if there is none.
  private func place64(
    before end: Int
  ) throws(FormatError) -> (position: Int, count: Int, size: Int)? {
    let locator = end - 20
    guard locator >= 0, number(UInt32.self, locator) == Self.locatorSignature else { return nil }
    guard let record = Int(exactly: number(UInt64.self, locator + 8)), isThere(record, 56),
      number(UInt32.self, record) == Self.end64Signature,
      let count = Int(exactly: number(UInt64.self, record + 32)),
      let size = Int(exactly: number(UInt64.self, record + 40)),
      let position = Int(exactly: number(UInt64.self, record + 48))
    else { throw FormatError("zip", "the ZIP64 record at the end of the file is malformed") }
    return (position, count, size)
  }

  private func entry(
    at position: Int, _ nameSize: Int, _ extraSize: Int
  ) throws(FormatError) -> ZipArchive.Entry {
    let nameStart = position + 46
    guard
      let name = String(
        validating: bytes[nameStart..<nameStart + nameSize], as: UTF8.self)
    else { throw FormatError("zip", "a name in the directory is not UTF-8 text") }
    let flags = number(UInt16.self, position + 8)
    guard flags & 1 == 0 else {
      throw FormatError("zip", "\(name) is encrypted; encrypted files cannot be read")
    }
    let method = number(UInt16.self, position + 10)
    guard method == 0 || method == 8 else {
      throw FormatError(
        "zip", "\(name) is compressed by method \(method); stored (0) and deflated (8) can be read")
    }
    // Numbers that need 64 bits stand in an extra field, in this order.
    var sizes = [
      UInt64(number(UInt32.self, position + 24)), UInt64(number(UInt32.self, position + 20)),
      UInt64(number(UInt32.self, position + 42)),
    ]
    if sizes.contains(0xFFFF_FFFF) {
      try replace(&sizes, fromExtra: nameStart + nameSize, extraSize, name)
    }
    guard let size = Int(exactly: sizes[0]), let compressed = Int(exactly: sizes[1]),
      let offset = Int(exactly: sizes[2])
    else { throw FormatError("zip", "\(name) is larger than any memory") }
    return ZipArchive.Entry(
      name: name, size: size, compressedSize: compressed, isDeflated: method == 8,
      checksum: number(UInt32.self, position + 16), offset: offset)
  }

  private func replace(
    _ sizes: inout [UInt64], fromExtra start: Int, _ count: Int, _ name: String
  ) throws(FormatError) {
    var position = start
    let end = start + count
    while end - position >= 4 {
      let fieldEnd = position + 4 + Int(number(UInt16.self, position + 2))
      guard fieldEnd <= end else { break }
      guard number(UInt16.self, position) == 1 else {
        position = fieldEnd
        continue
      }
      position += 4
      for index in sizes.indices where sizes[index] == 0xFFFF_FFFF {
        guard fieldEnd - position >= 8 else {
          throw FormatError("zip", "the ZIP64 field of \(name) is cut short")
        }
        sizes[index] = number(UInt64.self, position)
        position += 8
      }
      return
    }
  }

  /// Where the bytes of a file lie, behind its own header.
  func data(of entry: ZipArchive.Entry) throws(FormatError) -> Range<Int> {
    guard isThere(entry.offset, 30), number(UInt32.self, entry.offset) == Self.fileSignature else {
      throw FormatError("zip", "\(entry.name) is not where the directory says")
    }
    let start =
      entry.offset + 30 + Int(number(UInt16.self, entry.offset + 26))
      + Int(number(UInt16.self, entry.offset + 28))
    guard isThere(start, entry.compressedSize) else {
      throw FormatError("zip", "\(entry.name) reaches beyond the file: the file was cut short")
    }
    return start..<start + entry.compressedSize
  }
}

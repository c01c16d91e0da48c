extension ZipArchive {
  /// The bytes of an archive with these files. The same files give the same bytes: all are dated
  /// 1 January 1980.
  ///
  /// - Throws: `FormatError` if a name stands twice or is longer than 65,535 bytes.
  public static func encode(
    _ files: [(name: String, bytes: [UInt8])], compressed: Bool = false
  ) throws(FormatError) -> [UInt8] {
    try encode(files, compressed: compressed, largeFrom: 0xFFFF_FFFF)
  }

  /// - Parameter large: sizes and offsets from here on take the fields of 64 bits; tests set it low.
  package static func encode(
    _ files: [(name: String, bytes: [UInt8])], compressed: Bool, largeFrom large: Int
  ) throws(FormatError) -> [UInt8] {
    var writer = Writer(large: large)
    var names: Set<String> = []
    for (name, bytes) in files {
      guard names.insert(name).inserted else {
        throw FormatError("zip", "two files have the name \(name)")
      }
      guard name.utf8.count <= 0xFFFF else {
        throw FormatError(
          "zip", "a name of \(name.utf8.count) bytes is too long; 65535 are allowed")
      }
      try writer.add(name, bytes, compressed)
    }
    return writer.finish(files.count)
  }

  private struct Writer {
    let large: Int
    var result: [UInt8] = []
    var directory: [UInt8] = []

    init(large: Int) { self.large = large }

    mutating func add(_ name: String, _ bytes: [UInt8], _ compressed: Bool) throws(FormatError) {
      let offset = result.count
      let data = compressed ? try Zlib.compress(bytes, .raw) : bytes
      let checksum = bytes.withUnsafeBytes { CRC32.checksum($0) }
      let isLarge = bytes.count >= large || data.count >= large
      // What the headers of a file and of its entry in the directory share.
      var common: [UInt8] = []
      common += little(UInt16(isLarge || offset >= large ? 45 : 20))  // version that is needed
      common += little(UInt16(1 << 11))  // names are UTF-8
      common += little(UInt16(compressed ? 8 : 0))
      common += little(UInt16(0)) + little(UInt16(1 << 5 | 1))  // 00:00:00, 1980-01-01
      common += little(checksum)
      common += little(isLarge ? .max : UInt32(data.count))
      common += little(isLarge ? .max : UInt32(bytes.count))
      common += little(UInt16(name.utf8.count))
      let sizes = isLarge ? little(UInt64(bytes.count)) + little(UInt64(data.count)) : []
      let extra = field64(sizes)
      result += little(UInt32(0x0403_4B50)) + common + little(UInt16(extra.count))
      result += Array(name.utf8) + extra + data
      let place = offset >= large ? little(UInt64(offset)) : []
      let fullExtra = field64(sizes + place)
      directory += little(UInt32(0x0201_4B50)) + little(UInt16(3 << 8 | 45)) + common
      directory += little(UInt16(fullExtra.count)) + little(UInt16(0)) + little(UInt16(0))
      directory += little(UInt16(0)) + little(UInt32(0o100644) << 16)
      directory += little(offset >= large ? .max : UInt32(offset))
      directory += Array(name.utf8) + fullExtra
    }

    /// The extra field with these numbers; none if there are none.
    private func field64(_ numbers: [UInt8]) -> [UInt8] {
      numbers.isEmpty ? [] : little(UInt16(1)) + little(UInt16(numbers.count)) + numbers
    }

    mutating func finish(_ count: Int) -> [UInt8] {
      let start = result.count
      result += directory
      let isLarge = start >= large || directory.count >= large || count >= 0xFFFF
      if isLarge {
        let record = result.count
        result += little(UInt32(0x0606_4B50)) + little(UInt64(44))
        result += little(UInt16(45)) + little(UInt16(45)) + little(UInt32(0)) + little(UInt32(0))
        result += little(UInt64(count)) + little(UInt64(count))
        result += little(UInt64(directory.count)) + little(UInt64(start))
        result += little(UInt32(0x0706_4B50)) + little(UInt32(0))
        result += little(UInt64(record)) + little(UInt32(1))
      }
      let shownCount = isLarge ? UInt16.max : UInt16(count)
      result += little(UInt32(0x0605_4B50)) + little(UInt16(0)) + little(UInt16(0))
      result += little(shownCount) + little(shownCount)
      result += little(isLarge ? .max : UInt32(directory.count))
      result += little(isLarge ? .max : UInt32(start)) + little(UInt16(0))
      return result
    }

    private func little(_ number: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
  }
}

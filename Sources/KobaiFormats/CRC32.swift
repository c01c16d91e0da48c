/// The cyclic redundancy check that PNG and ZIP share, with polynomial 0x04C11DB7.
///
/// It needs no libz: archives that are only stored can be read and written without.
/// Source: ISO 3309; PNG specification, annex D; tables of eight as in M. E. Kounavis and F. L. Berry,
/// *A Systematic Approach to Building High Performance Software-Based CRC Generators*, 2005.
enum CRC32 {
  /// Eight tables of 256: how a byte that is followed by so many zeros changes the sum.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var sum = UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
      tables[byte] = sum
    }
    for index in 256..<tables.count {
      let previous = tables[index - 256]
      tables[index] = (previous >> 8) ^ tables[Int(previous & 0xFF)]
    }
    return tables
  }()

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      var sum: UInt32 = 0xFFFF_FFFF
      var index = 0
      while index + 8 <= bytes.count {
        let word =
          UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
          ^ UInt64(sum)
        sum = 0
        for byte in 0..<8 {
          sum ^=
            tables[(7 - byte) << 8 | Int(truncatingIfNeeded: word >> (8 * UInt64(byte)) & 0xFF)]
        }
        index += 8
      }
      while index < bytes.count {
        sum = (sum >> 8) ^ tables[Int((sum ^ UInt32(bytes[index])) & 0xFF)]
        index += 1
      }
      return ~sum
    }
  }
}

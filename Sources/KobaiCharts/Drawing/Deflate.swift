/// Compression of pictures: RFC 1950 around RFC 1951, with the fixed codes.
///
/// The zlib library does better by a quarter, but it is optional and its versions differ, and a
/// picture must have the same bytes on every machine.
enum Deflate {
  static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    let check = Checksum.adler32(bytes)
    return [0x78, 0x01] + raw(bytes)
      + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: check >> UInt32($0)) }
  }

  private static func raw(_ bytes: [UInt8]) -> [UInt8] {
    var output = Bits()
    output.append(1, count: 1)  // the last block
    output.append(1, count: 2)  // fixed codes
    var latest: [Int: Int] = [:]  // where three bytes stood last
    var i = 0
    while i < bytes.count {
      var length = 0
      var distance = 0
      if i + 3 <= bytes.count {
        let key = Int(bytes[i]) << 16 | Int(bytes[i + 1]) << 8 | Int(bytes[i + 2])
        if let before = latest[key], i - before <= 32768 {
          let limit = min(258, bytes.count - i)
          length = 3
          while length < limit, bytes[before + length] == bytes[i + length] { length += 1 }
          distance = i - before
        }
        latest[key] = i
      }
      if length >= 3 {
        output.appendMatch(length: length, distance: distance)
        i += length
      } else {
        output.appendCode(Int(bytes[i]))
        i += 1
      }
    }
    output.appendCode(256)  // the end
    return output.finished
  }

  private struct Bits {
    private var bytes: [UInt8] = []
    private var pending = 0
    private var count = 0

    mutating func append(_ value: Int, count more: Int) {
      pending |= value << count
      count += more
      while count >= 8 {
        bytes.append(UInt8(pending & 255))
        pending >>= 8
        count -= 8
      }
    }

    /// Huffman codes are packed from their highest bit.
    private mutating func appendReversed(_ code: Int, count: Int) {
      append((0..<count).reduce(0) { $0 | (code >> $1 & 1) << (count - 1 - $1) }, count: count)
    }

    /// RFC 1951, 3.2.6.
    mutating func appendCode(_ symbol: Int) {
      switch symbol {
      case 0..<144: appendReversed(0x30 + symbol, count: 8)
      case 144..<256: appendReversed(0x190 + symbol - 144, count: 9)
      case 256..<280: appendReversed(symbol - 256, count: 7)
      default: appendReversed(0xC0 + symbol - 280, count: 8)
      }
    }

    /// RFC 1951, 3.2.5: a symbol for a range of lengths, then the place in the range; so for distances.
    mutating func appendMatch(length: Int, distance: Int) {
      if length == 258 {
        appendCode(285)
      } else {
        let (symbol, base, extra) = Self.range(of: length - 3, step: 4)
        appendCode(257 + symbol)
        append(length - 3 - base, count: extra)
      }
      let (symbol, base, extra) = Self.range(of: distance - 1, step: 2)
      appendReversed(symbol, count: 5)
      append(distance - 1 - base, count: extra)
    }

    /// Ranges grow: 2·`step` of size 1, then `step` of 2, `step` of 4 …
    private static func range(of value: Int, step: Int) -> (symbol: Int, base: Int, extra: Int) {
      var (symbol, base, extra) = (0, 0, 0)
      while value >= base + 1 << extra {
        base += 1 << extra
        symbol += 1
        if symbol >= 2 * step, symbol % step == 0 { extra += 1 }
      }
      return (symbol, base, extra)
    }

    var finished: [UInt8] { count > 0 ? bytes + [UInt8(pending & 255)] : bytes }
  }
}

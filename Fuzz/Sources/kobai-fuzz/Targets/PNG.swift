import KobaiFormats

extension FuzzTarget {
  /// An input whose first byte is odd describes an image, which is then put into chunks with right
  /// checksums; another is a file as it is.
  static let png = FuzzTarget(
    name: "png", maximalLength: 256,
    words: ["IHDR", "IDAT", "PLTE", "tRNS", "IEND", "\u{89}PNG"],
    seeds: {
      var seeds: [[UInt8]] = []
      for channels in 1...4 {
        let samples = (0..<6 * channels).map { UInt8($0 * 9) }
        let image = try PNG(width: 3, height: 2, channels: channels, samples: .uint8(samples))
        seeds.append([0] + (try image.encode()))
      }
      for color in [0, 2, 3, 4, 6] as [UInt8] {
        for depth in [1, 2, 4, 8, 16] as [UInt8] {
          let head: [UInt8] = [1, 3, 4, depth, color, 0, 0, depth & 1, 3, 12, color]
          seeds.append(head + (0..<90).map { UInt8($0 % 5) })
        }
      }
      return seeds
    },
    run: { bytes in
      guard let first = bytes.first else { return }
      let file = first & 1 == 0 ? Array(bytes.dropFirst()) : described(bytes)
      let limit = 1 << 16
      let image = try PNG.decode(file, limit: limit)
      let count =
        switch image.samples {
        case .uint8(let samples): samples.count
        case .uint16(let samples): samples.count
        }
      demand(count == image.width * image.height * image.channels, "an image has its samples")
      // Writing takes long: every hundredth or so.
      guard first >> 1 == 5 else { return }
      guard let encoded = try? image.encode() else { fatalError("an image cannot be written") }
      demand((try? PNG.decode(encoded)) == image, "an image is kept")
    })

  private static func described(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count >= 11 else { return [] }
    var rest = bytes[11...]
    func take(_ count: UInt8) -> [UInt8] {
      defer { rest = rest.dropFirst(Int(count)) }
      return Array(rest.prefix(Int(count)))
    }
    let (palette, transparency) = (take(bytes[9]), take(bytes[10]))
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let size: [UInt8] = [0, 0, 0, bytes[1] % 24, 0, 0, 0, bytes[2] % 24]
    append("IHDR", size + bytes[3...7], to: &file)
    if bytes[8] & 1 != 0 { append("PLTE", palette, to: &file) }
    if bytes[8] & 2 != 0 { append("tRNS", transparency, to: &file) }
    append("IDAT", stored(Array(rest)), to: &file)
    append("IEND", [], to: &file)
    return file
  }

  private static func append(_ type: String, _ content: [UInt8], to file: inout [UInt8]) {
    let body = Array(type.utf8) + content
    file += bigEndian(UInt32(content.count)) + body + bigEndian(checksum(body))
  }

  private static func bigEndian(_ number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }

  /// The bytes as a zlib stream that does not compress.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    let count = UInt16(bytes.count)
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    let sizes = [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
    return [0x78, 0x01, 1] + sizes + bytes + bigEndian(high << 16 | low)
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
    }
    return ~sum
  }
}

/// A small picture of 8-bit samples, written as PNG (ISO/IEC 15948).
struct PixelImage: Sendable {
  enum Kind: UInt8, Sendable {
    case gray = 0
    case rgb = 2
    case palette = 3
  }
  let kind: Kind
  let width, height: Int
  /// Row after row, channels interleaved.
  let samples: [UInt8]
  /// Red, green, blue and opacity of each number, for `.palette` only.
  let palette: [(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8)]

  init(gray: [UInt8], width: Int, height: Int) {
    (kind, samples, palette) = (.gray, gray, [])
    (self.width, self.height) = (width, height)
  }

  init(rgb: [UInt8], width: Int, height: Int) {
    (kind, samples, palette) = (.rgb, rgb, [])
    (self.width, self.height) = (width, height)
  }

  /// Values from 0 to 1 in the colours of a map; NaN is transparent.
  init(_ values: [Double], width: Int, height: Int, _ colors: ColorMap) {
    kind = .palette
    (self.width, self.height) = (width, height)
    palette =
      (0..<255).map { i in
        let rgb = colors.rgb(at: Double(i) / 254)
        return (UInt8(rgb >> 16 & 255), UInt8(rgb >> 8 & 255), UInt8(rgb & 255), 255)
      } + [(0, 0, 0, 0)]
    samples = values.map { $0.isNaN ? 255 : UInt8(min(max($0, 0), 1) * 254 + 0.5) }
  }

  /// Values from 0 to 1 as the opacity of one colour.
  init(opacities: [Double], width: Int, height: Int, _ color: Color) {
    kind = .palette
    (self.width, self.height) = (width, height)
    palette = (0..<256).map { i in
      (
        UInt8(color.light >> 16 & 255), UInt8(color.light >> 8 & 255), UInt8(color.light & 255),
        UInt8(i)
      )
    }
    samples = opacities.map { UInt8(($0.isNaN ? 0 : min(max($0, 0), 1)) * 255 + 0.5) }
  }

  private init(_ other: PixelImage, _ samples: [UInt8], width: Int, height: Int) {
    (kind, palette) = (other.kind, other.palette)
    (self.samples, self.width, self.height) = (samples, width, height)
  }

  /// The same picture with a square of pixels for each, about as many as are seen.
  func enlarged(toCover seenWidth: Double, _ seenHeight: Double) -> PixelImage {
    let wanted = max(seenWidth / Double(width), seenHeight / Double(height)) * 1.5
    guard wanted > 1, wanted.isFinite else { return self }
    var factor = Int(min(wanted, 1000).rounded(.up))
    while factor > 1, factor * factor * samples.count > 4_000_000 { factor -= 1 }
    let channels = kind == .rgb ? 3 : 1
    var result: [UInt8] = []
    result.reserveCapacity(factor * factor * samples.count)
    for row in 0..<height {
      var line: [UInt8] = []
      for column in 0..<width {
        let start = (row * width + column) * channels
        for _ in 0..<factor { line += samples[start..<start + channels] }
      }
      for _ in 0..<factor { result += line }
    }
    return PixelImage(self, result, width: width * factor, height: height * factor)
  }

  var png: [UInt8] {
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    func bigEndian(_ number: Int) -> [UInt8] {
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
    func chunk(_ name: String, _ body: [UInt8]) {
      let content = Array(name.utf8) + body
      bytes += bigEndian(body.count) + content + bigEndian(Int(Checksum.crc32(content)))
    }
    chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, kind.rawValue, 0, 0, 0])
    if kind == .palette {
      chunk("PLTE", palette.flatMap { [$0.red, $0.green, $0.blue] })
      if palette.contains(where: { $0.alpha < 255 }) { chunk("tRNS", palette.map(\.alpha)) }
    }
    let stride = width * (kind == .rgb ? 3 : 1)
    var rows: [UInt8] = []
    rows.reserveCapacity((stride + 1) * height)
    var previous: ArraySlice<UInt8> = []
    for row in 0..<height {
      let line = samples[row * stride..<(row + 1) * stride]
      // As differences from the row above, the rows of an enlarged picture are zeros.
      let isRepeated = line.elementsEqual(previous)
      rows.append(isRepeated ? 2 : 0)
      if isRepeated { rows += repeatElement(0, count: stride) } else { rows += line }
      previous = line
    }
    chunk("IDAT", Deflate.zlib(rows))
    chunk("IEND", [])
    return bytes
  }
}

enum Checksum {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { c, _ in c & 1 == 1 ? 0xEDB8_8320 ^ (c >> 1) : c >> 1 }
  }

  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in table[Int((crc ^ UInt32(byte)) & 255)] ^ (crc >> 8) }
  }

  static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return b << 16 | a
  }
}

enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits = group.reduce(0) { $0 << 8 | Int($1) }
      bits <<= 8 * (3 - group.count)
      for i in 0..<4 {
        result.append(
          i <= group.count ? alphabet[bits >> (18 - 6 * i) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

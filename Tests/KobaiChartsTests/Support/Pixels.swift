import Foundation
import KobaiFormats

/// A PNG file of the kind that charts hold, read by the specification (ISO/IEC 15948).
struct Pixels {
  var width = 0
  var height = 0
  /// 1, or 3 for red, green, blue.
  var channels = 1
  var palette: [UInt8] = []
  var opacities: [UInt8] = []
  var samples: [UInt8] = []

  struct Malformed: Error { let reason: String }

  init(_ element: Drawing.Element) throws {
    let prefix = "data:image/png;base64,"
    guard let link = element.attributes["href"], link.hasPrefix(prefix),
      let data = Data(base64Encoded: String(link.dropFirst(prefix.count)))
    else { throw Malformed(reason: "no data link") }
    try self.init([UInt8](data))
  }

  init(_ bytes: [UInt8]) throws {
    guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
      throw Malformed(reason: "signature")
    }
    var place = 8
    var data: [UInt8] = []
    func number(_ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
    while place + 12 <= bytes.count {
      let length = number(place)
      let body = Array(bytes[place + 8..<place + 8 + length])
      let check = Self.crc(bytes[place + 4..<place + 8 + length])
      guard check == number(place + 8 + length) else { throw Malformed(reason: "CRC") }
      switch String(decoding: bytes[place + 4..<place + 8], as: UTF8.self) {
      case "IHDR":
        (width, height) = (number(place + 8), number(place + 12))
        guard body[8] == 8, [0, 2, 3].contains(body[9]) else { throw Malformed(reason: "kind") }
        channels = body[9] == 2 ? 3 : 1
      case "PLTE": palette = body
      case "tRNS": opacities = body
      case "IDAT": data += body
      default: break
      }
      place += 12 + length
    }
    let stride = width * channels
    let rows = try Zlib.decompress(data, .zlib, limit: (stride + 1) * height)
    guard rows.count == (stride + 1) * height else { throw Malformed(reason: "size") }
    for row in 0..<height {
      let line = rows[row * (stride + 1) + 1..<(row + 1) * (stride + 1)]
      switch rows[row * (stride + 1)] {
      case 0: samples += line
      case 2: samples += zip(samples.suffix(stride), line).map { $0 &+ $1 }
      default: throw Malformed(reason: "filter")
      }
    }
    guard samples.count == stride * height else { throw Malformed(reason: "rows") }
  }

  /// Bit by bit, unlike the table of the library.
  private static func crc(_ bytes: ArraySlice<UInt8>) -> Int {
    var crc: UInt32 = ~0
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return Int(~crc)
  }

  /// The sample in the middle of each of `columns` × `rows` squares.
  func squares(columns: Int, rows: Int) -> [[UInt8]] {
    (0..<rows * columns).map { i in
      let y = (2 * (i / columns) + 1) * height / (2 * rows)
      let x = (2 * (i % columns) + 1) * width / (2 * columns)
      let start = (y * width + x) * channels
      return Array(samples[start..<start + channels])
    }
  }
}

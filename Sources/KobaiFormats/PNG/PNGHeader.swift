/// The header chunk of a PNG file.
struct PNGHeader {
  enum Color: UInt8 {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgba = 6

    /// The samples of a pixel in the file.
    var sampleCount: Int {
      switch self {
      case .gray, .palette: 1
      case .grayAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }

    var depths: [Int] {
      switch self {
      case .gray: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .rgb, .grayAlpha, .rgba: [8, 16]
      }
    }
  }

  static let maximalSize = 0x7FFF_FFFF
  static let byteCount = 13

  let width: Int
  let height: Int
  /// Bits per sample.
  let depth: Int
  let color: Color
  let isInterlaced: Bool

  var bitsPerPixel: Int { depth * color.sampleCount }

  /// The bytes of a row of so many pixels, without the byte that names its filter.
  func rowSize(_ width: Int) -> Int { (width * bitsPerPixel + 7) / 8 }

  init(_ bytes: ArraySlice<UInt8>) throws(FormatError) {
    guard bytes.count == Self.byteCount else {
      throw FormatError(
        "png", "the header chunk has \(bytes.count) bytes, but \(Self.byteCount) belong there")
    }
    let bytes = Array(bytes)
    width = bytes[0..<4].reduce(0) { $0 << 8 | Int($1) }
    height = bytes[4..<8].reduce(0) { $0 << 8 | Int($1) }
    guard (1...Self.maximalSize).contains(width), (1...Self.maximalSize).contains(height) else {
      throw FormatError(
        "png", "the size \(width) × \(height) is not possible; both must be 1...2^31 - 1")
    }
    guard let color = Color(rawValue: bytes[9]) else {
      throw FormatError("png", "the color type \(bytes[9]) is none of 0, 2, 3, 4, 6")
    }
    self.color = color
    depth = Int(bytes[8])
    guard color.depths.contains(depth) else {
      throw FormatError(
        "png",
        "\(depth) bits per sample are not possible for color type \(bytes[9]), only "
          + color.depths.map(String.init).joined(separator: ", "))
    }
    guard bytes[10] == 0, bytes[11] == 0 else {
      throw FormatError("png", "the methods of compression and filtering must be 0")
    }
    guard bytes[12] < 2 else {
      throw FormatError("png", "the interlace method \(bytes[12]) is neither 0 nor 1")
    }
    isInterlaced = bytes[12] == 1
  }

  /// A reduced image of an interlaced file: where its pixels lie in the whole.
  struct Pass {
    let x: Int
    let y: Int
    let stepX: Int
    let stepY: Int
    let width: Int
    let height: Int
  }

  /// The reduced images that have pixels, or the whole image. Source: section 8.2, Adam7.
  var passes: [Pass] {
    let steps =
      isInterlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    return steps.compactMap { x, y, stepX, stepY in
      guard x < width, y < height else { return nil }
      return Pass(
        x: x, y: y, stepX: stepX, stepY: stepY, width: (width - x + stepX - 1) / stepX,
        height: (height - y + stepY - 1) / stepY)
    }
  }
}

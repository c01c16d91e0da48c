/// The chunks of a PNG file that make its image.
struct PNGFile {
  let header: PNGHeader
  /// RGB triples.
  private(set) var palette: [UInt8] = []
  /// The transparent color, or the alphas of the palette.
  private(set) var transparency: [UInt8]?
  /// The compressed rows.
  private(set) var data: [UInt8] = []

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  private struct Chunk {
    let type: String
    let content: ArraySlice<UInt8>
    let end: Int
  }

  init(_ bytes: [UInt8]) throws(FormatError) {
    guard bytes.starts(with: Self.signature) else {
      throw FormatError("png", "the file does not begin with PNG's signature: it is another format")
    }
    let first = try Self.chunk(bytes, at: Self.signature.count)
    guard first.type == "IHDR" else {
      throw FormatError(
        "png", "the first chunk is \(first.type), but the header IHDR belongs there")
    }
    header = try PNGHeader(first.content)
    var position = first.end
    /// Nil before the image's data, then whether more of it may follow.
    var isInData: Bool?
    while true {
      let chunk = try Self.chunk(bytes, at: position)
      position = chunk.end
      switch chunk.type {
      case "IDAT":
        guard isInData != false else {
          throw FormatError("png", "the image's data is interrupted by another chunk")
        }
        isInData = true
        data += chunk.content
        continue
      case "IEND":
        guard isInData != nil else { throw FormatError("png", "the file has no image data") }
        guard chunk.content.isEmpty else {
          throw FormatError("png", "the last chunk has content, but none belongs there")
        }
        guard header.color != .palette || !palette.isEmpty else {
          throw FormatError("png", "the image has a palette's color type, but no palette")
        }
        return
      case "PLTE": try takePalette(chunk.content, isInData)
      case "tRNS": try takeTransparency(chunk.content, isInData)
      case "IHDR": throw FormatError("png", "the header stands there twice")
      default:
        guard chunk.type.utf8.first.map({ $0 & 0x20 != 0 }) == true else {
          throw FormatError(
            "png", "the chunk \(chunk.type) is unknown, and says that the image needs it")
        }
      }
      if isInData == true { isInData = false }
    }
  }

  /// A chunk whose name and checksum are right.
  private static func chunk(_ bytes: [UInt8], at position: Int) throws(FormatError) -> Chunk {
    guard bytes.count - position >= 12 else {
      throw FormatError("png", "the file ends before its last chunk: it was cut short")
    }
    func number(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
    let length = number(position)
    let name = bytes[position + 4..<position + 8]
    guard name.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
      throw FormatError("png", "the chunk at byte \(position) has a name that is not four letters")
    }
    let type = String(decoding: name, as: UTF8.self)
    guard length <= bytes.count - position - 12 else {
      throw FormatError(
        "png", "the chunk \(type) has \(length) bytes, but the file ends before: it was cut short")
    }
    let end = position + 8 + length
    let checksum = bytes.withUnsafeBytes {
      CRC32.checksum(UnsafeRawBufferPointer(rebasing: $0[position + 4..<end]))
    }
    guard Int(checksum) == number(end) else {
      throw FormatError("png", "the chunk \(type) is damaged: its checksum is not the file's")
    }
    return Chunk(type: type, content: bytes[position + 8..<end], end: end + 4)
  }

  private mutating func takePalette(
    _ content: ArraySlice<UInt8>, _ isInData: Bool?
  ) throws(FormatError) {
    guard isInData == nil, palette.isEmpty, transparency == nil else {
      throw FormatError("png", "the palette stands twice, or behind what needs it")
    }
    guard header.color != .gray && header.color != .grayAlpha else {
      throw FormatError("png", "a gray image has a palette, which is not allowed")
    }
    let most = header.color == .palette ? 3 << header.depth : 3 * 256
    guard content.count % 3 == 0, !content.isEmpty, content.count <= most else {
      throw FormatError(
        "png",
        "the palette has \(content.count) bytes, but triples belong there, at most \(most / 3)")
    }
    palette = Array(content)
  }

  private mutating func takeTransparency(
    _ content: ArraySlice<UInt8>, _ isInData: Bool?
  ) throws(FormatError) {
    guard isInData == nil, transparency == nil else {
      throw FormatError("png", "the transparency stands twice, or behind the image's data")
    }
    let isRight =
      switch header.color {
      case .gray: content.count == 2
      case .rgb: content.count == 6
      case .palette: !content.isEmpty && 3 * content.count <= palette.count
      case .grayAlpha, .rgba: false
      }
    guard isRight else {
      throw FormatError(
        "png",
        "\(content.count) bytes of transparency do not fit color type \(header.color.rawValue)")
    }
    transparency = Array(content)
  }
}

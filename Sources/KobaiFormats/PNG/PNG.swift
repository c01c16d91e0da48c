/// An image from a PNG file, or to be written as one.
///
///     let image = try PNG.read(contentsOf: "digit.png")
///     image.width                    // 28
///     image.channels                 // 1: gray
///     if case .uint8(let samples) = image.samples { samples[0] }      // 0: black
///
/// Every kind of PNG is read: gray, RGB and palette images, with and without alpha, of 1 to 16 bits,
/// interlaced or not. Gray of 1, 2 and 4 bits is scaled to 8; palettes become RGB; a transparent color
/// becomes an alpha channel. Samples are as they are stored: gamma and color profiles are not applied.
/// Of an animation the first image is read.
///
/// Source: W3C, *Portable Network Graphics (PNG) Specification*, second edition (ISO/IEC 15948:2003).
public struct PNG: Sendable, Hashable {
  /// Samples row after row, pixel after pixel, channel after channel: height × width × channels.
  public enum Samples: Sendable, Hashable {
    /// Of 8 bits: 0 is black, 255 white or opaque.
    case uint8([UInt8])
    /// Of 16 bits: 0 is black, 65535 white or opaque.
    case uint16([UInt16])

    var count: Int {
      switch self {
      case .uint8(let samples): samples.count
      case .uint16(let samples): samples.count
      }
    }
  }

  /// In pixels.
  public let width: Int
  /// In pixels.
  public let height: Int
  /// 1: gray, 2: gray and alpha, 3: RGB, 4: RGB and alpha.
  public let channels: Int
  /// What is seen.
  public let samples: Samples

  /// - Throws: `FormatError` if a size is not positive, channels are not 1...4, or there are not
  ///   height × width × channels samples.
  public init(
    width: Int, height: Int, channels: Int, samples: Samples
  ) throws(FormatError) {
    guard (1...PNGHeader.maximalSize).contains(width), (1...PNGHeader.maximalSize).contains(height)
    else {
      throw FormatError(
        "png", "the size \(width) × \(height) is not possible; both must be 1...2^31 - 1")
    }
    guard (1...4).contains(channels) else {
      throw FormatError(
        "png",
        "\(channels) channels are not possible; 1 (gray), 2 (with alpha), 3 (RGB), 4 (with alpha)")
    }
    let (count, overflows) = (width * height).multipliedReportingOverflow(by: channels)
    guard !overflows, samples.count == count else {
      throw FormatError(
        "png",
        "\(height) rows of \(width) pixels with \(channels) channels do not take "
          + "\(samples.count) samples")
    }
    (self.width, self.height, self.channels, self.samples) = (width, height, channels, samples)
  }

  /// Reads a file.
  ///
  /// - Parameter limit: how many bytes of samples to accept; a small file can state a huge size.
  /// - Throws: `FileError` if it cannot be read, `FormatError` if it is damaged, cut short or larger
  ///   than `limit`.
  public static func read(contentsOf path: String, limit: Int = 1 << 30) throws -> PNG {
    try decoding(path) { bytes throws(FormatError) in try decode(bytes, limit: limit) }
  }

  /// Reads from memory.
  ///
  /// - Parameter limit: how many bytes of samples to accept; a small file can state a huge size.
  /// - Throws: `FormatError` that says what is wrong.
  public static func decode(_ bytes: [UInt8], limit: Int = 1 << 30) throws(FormatError) -> PNG {
    let file = try PNGFile(bytes)
    return try file.image(limit: limit)
  }

  /// Writes a file with this image, as `encode` gives it. It appears complete or not at all.
  ///
  /// - Throws: `FileError` if the file cannot be written, `FormatError` if libz is missing.
  public func write(to path: String) throws {
    try AtomicFile.write(try encode(), to: path)
  }
}

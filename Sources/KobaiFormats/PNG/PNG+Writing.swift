extension PNG {
  /// The bytes of a file with this image: not interlaced, without a palette, 8 or 16 bits per sample.
  ///
  ///     let gray = try PNG(width: 2, height: 1, channels: 1, samples: .uint8([0, 255]))
  ///     try gray.write(to: "two-pixels.png")
  ///
  /// The same image gives the same bytes with the same version of libz.
  ///
  /// - Throws: `FormatError` if libz is missing.
  public func encode() throws(FormatError) -> [UInt8] {
    let colors: [PNGHeader.Color] = [.gray, .grayAlpha, .rgb, .rgba]
    let (bytes, sampleSize) = stored
    let pixelSize = channels * sampleSize
    let filtered = PNGFilter.apply(bytes, rowSize: width * pixelSize, pixelSize: pixelSize)
    let header =
      bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [
        UInt8(8 * sampleSize), colors[channels - 1].rawValue, 0, 0, 0,
      ]
    var result = PNGFile.signature
    append("IHDR", header, to: &result)
    // A chunk has less than 2^31 bytes.
    let data = try Zlib.compress(filtered, .zlib)
    for start in stride(from: 0, to: data.count, by: 1 << 30) {
      append("IDAT", Array(data[start..<Swift.min(start + (1 << 30), data.count)]), to: &result)
    }
    append("IEND", [], to: &result)
    return result
  }

  private var stored: (bytes: [UInt8], sampleSize: Int) {
    switch samples {
    case .uint8(let samples): (samples, 1)
    case .uint16(let samples):
      (samples.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }, 2)
    }
  }

  private func append(_ type: String, _ content: [UInt8], to result: inout [UInt8]) {
    let body = Array(type.utf8) + content
    result += bigEndian(UInt32(content.count)) + body
    result += bigEndian(body.withUnsafeBytes { CRC32.checksum($0) })
  }

  private func bigEndian(_ number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }
}

extension PNGFile {
  /// The samples of the image.
  func image(limit: Int) throws(FormatError) -> PNG {
    let channels =
      header.color == .palette
      ? (transparency == nil ? 3 : 4) : header.color.sampleCount + (transparency == nil ? 0 : 1)
    let (width, height) = (header.width, header.height)
    let bytesPerPixel = channels * (header.depth == 16 ? 2 : 1)
    // Both sizes are below 2^31: no overflow so far.
    let (byteCount, overflows) = (width * height).multipliedReportingOverflow(by: bytesPerPixel)
    guard !overflows, byteCount <= limit else {
      throw FormatError(
        "png", "an image of \(width) × \(height) pixels takes more than the \(limit) bytes allowed")
    }
    let passes = header.passes
    let size = passes.reduce(0) { $0 + $1.height * (1 + header.rowSize($1.width)) }
    guard size <= Zlib.maximalRatio * data.count else {
      throw FormatError(
        "png", "\(data.count) bytes of data cannot hold \(width) × \(height) pixels")
    }
    var rows = try rows(size)
    var start = 0
    for pass in passes {
      let rowSize = header.rowSize(pass.width)
      try rows.withUnsafeMutableBufferPointer { bytes throws(FormatError) in
        try PNGFilter.undo(
          UnsafeMutableBufferPointer(
            rebasing: bytes[start..<start + pass.height * (1 + rowSize)]),
          rowSize: rowSize, pixelSize: Swift.max(header.bitsPerPixel / 8, 1))
      }
      start += pass.height * (1 + rowSize)
    }
    return try PNG(
      width: width, height: height, channels: channels,
      samples: header.depth == 16
        ? .uint16(wide(rows, passes, channels)) : .uint8(try narrow(rows, passes, channels)))
  }

  /// The filtered rows, with their checksum verified. More data than needed is let pass, as other
  /// readers do.
  private func rows(_ size: Int) throws(FormatError) -> [UInt8] {
    do throws(FormatError) {
      let inflater = try Inflater(.array(data), .zlib, allowsTrailingBytes: true)
      let rows = try inflater.read(count: size)
      guard rows.count == size else {
        throw FormatError(
          "png", "the image's data has \(rows.count) bytes, but \(size) belong there")
      }
      _ = try inflater.read(count: 1)
      return rows
    } catch {
      throw FormatError(
        "png", error.format == "png" ? error.message : "image data: \(error.message)")
    }
  }

  /// Calls `body` with the position of each pixel's bits in the rows, and of its place in the image.
  private func forEachPixel<E: Error>(
    _ passes: [PNGHeader.Pass], _ body: (_ bit: Int, _ pixel: Int) throws(E) -> Void
  ) throws(E) {
    var start = 0
    for pass in passes {
      let rowSize = header.rowSize(pass.width)
      for row in 0..<pass.height {
        var bit = 8 * (start + row * (1 + rowSize) + 1)
        var pixel = (pass.y + row * pass.stepY) * header.width + pass.x
        for _ in 0..<pass.width {
          try body(bit, pixel)
          bit += header.bitsPerPixel
          pixel += pass.stepX
        }
      }
      start += pass.height * (1 + rowSize)
    }
  }

  /// Samples of 16 bits.
  private func wide(
    _ rows: [UInt8], _ passes: [PNGHeader.Pass], _ channels: Int
  ) -> [UInt16] {
    let stored = header.color.sampleCount
    let transparent = transparency.map { key in
      stride(from: 0, to: key.count, by: 2).map { UInt16(key[$0]) << 8 | UInt16(key[$0 + 1]) }
    }
    var result = [UInt16](repeating: 0, count: header.width * header.height * channels)
    result.withUnsafeMutableBufferPointer { result in
      rows.withUnsafeBytes { rows in
        forEachPixel(passes) { bit, pixel in
          let target = pixel * channels
          for channel in 0..<stored {
            let word = rows.loadUnaligned(
              fromByteOffset: bit / 8 + 2 * channel, as: UInt16.self)
            result[target + channel] = UInt16(bigEndian: word)
          }
          if let transparent {
            let isKey = (0..<stored).allSatisfy { result[target + $0] == transparent[$0] }
            result[target + stored] = isKey ? 0 : .max
          }
        }
      }
    }
    return result
  }

  /// Samples of up to 8 bits.
  private func narrow(
    _ rows: [UInt8], _ passes: [PNGHeader.Pass], _ channels: Int
  ) throws(FormatError) -> [UInt8] {
    let stored = header.color.sampleCount
    let depth = header.depth
    let mask = UInt8(truncatingIfNeeded: (1 << depth) - 1)
    // 1, 2 and 4 bits are scaled so that the largest value becomes 255.
    let scale = header.color == .palette ? 1 : 255 / mask
    // Only the low bits of the transparent color count.
    let transparent =
      header.color == .palette
      ? nil
      : transparency.map { key in stride(from: 1, to: key.count, by: 2).map { key[$0] & mask } }
    var result = [UInt8](repeating: 0, count: header.width * header.height * channels)
    try result.withUnsafeMutableBufferPointer { result throws(FormatError) in
      try rows.withUnsafeBufferPointer { rows throws(FormatError) in
        try forEachPixel(passes) { bit, pixel throws(FormatError) in
          let target = pixel * channels
          if header.color == .palette {
            let index = Int(rows[bit / 8] >> UInt8(8 - depth - bit % 8) & mask)
            guard 3 * index + 2 < palette.count else {
              throw FormatError(
                "png", "a pixel has color \(index) of a palette with \(palette.count / 3) colors")
            }
            for channel in 0..<3 { result[target + channel] = palette[3 * index + channel] }
            if let transparency {
              result[target + 3] = index < transparency.count ? transparency[index] : 255
            }
            return
          }
          var isKey = true
          for channel in 0..<stored {
            let place = bit + channel * depth
            let sample = rows[place / 8] >> UInt8(8 - depth - place % 8) & mask
            if let transparent { isKey = isKey && sample == transparent[channel] }
            result[target + channel] = sample * scale
          }
          if transparent != nil { result[target + stored] = isKey ? 0 : 255 }
        }
      }
    }
    return result
  }
}

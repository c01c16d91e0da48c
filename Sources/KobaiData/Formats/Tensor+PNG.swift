import KobaiFormats
import KobaiOperators
import KobaiTensor

/// Which channels an image is read with.
public enum ImageMode: String, Sendable, Hashable, CaseIterable {
  /// Those of the file.
  case unchanged
  /// One: brightness, 0.299 red + 0.587 green + 0.114 blue. Transparency is left out.
  case gray
  /// Three: red, green, blue. Transparency is left out.
  case rgb
}

extension Tensor {
  /// The image of a PNG file: shape [channels, height, width], uint8 for 8 bits per sample and less, int32
  /// for 16.
  ///
  ///     let image = try Tensor(png: "cat.png", mode: .rgb)      // uint8 [3, 480, 640]
  ///     let input = image.to(.float32) / 255
  ///
  /// - Throws: `FileError` if it cannot be read, `FormatError` if it is malformed.
  public init(png path: String, mode: ImageMode = .unchanged) throws {
    try self.init(try PNG.read(contentsOf: path), mode: mode)
  }

  /// The samples of an image, [channels, height, width].
  public init(_ image: PNG, mode: ImageMode = .unchanged) throws {
    let shape = [image.height, image.width, image.channels]
    let samples: Tensor =
      switch image.samples {
      case .uint8(let samples): Tensor(bytes: samples, dtype: .uint8, shape: shape)
      case .uint16(let samples): Tensor(samples.map(Int32.init), shape: shape)
      }
    self = samples.permute([2, 0, 1]).contiguous().channels(mode)
  }

  /// Writes an image as a PNG file: shape [height, width] or [channels, height, width] with 1 (gray), 2 (with
  /// alpha), 3 (RGB) or 4 channels. uint8 is written as it is, floating point numbers from 0 to 1 as 8 bits
  /// (what lies outside is cut off).
  ///
  ///     try image.write(png: "sample.png")
  ///
  /// - Throws: `FormatError` if the shape or dtype is no image's, `FileError` if it cannot be written.
  public func write(png path: String) throws {
    let image = rank == 2 ? unsqueeze(0) : self
    guard image.rank == 3 else {
      throw FormatError(
        "png",
        "an image has the shape [channels, height, width] or [height, width], but this is \(shape)")
    }
    guard dtype == .uint8 || dtype.isFloatingPoint else {
      throw FormatError(
        "png", "an image is uint8, or floating point from 0 to 1, but this is \(dtype); convert it")
    }
    let bytes = dtype == .uint8 ? image : (image * 255 + 0.5).clamp(min: 0, max: 255).to(.uint8)
    let shape = image.shape
    try PNG(
      width: shape[2], height: shape[1], channels: shape[0],
      samples: .uint8(bytes.permute([1, 2, 0]).bytes)
    ).write(to: path)
  }

  /// [channels, height, width] with the channels that a mode asks for.
  private func channels(_ mode: ImageMode) -> Tensor {
    let count = shape[0]
    let isColor = count >= 3
    switch mode {
    case .unchanged: return self
    case .rgb:
      return isColor
        ? narrow(dim: 0, start: 0, length: 3) : Tensor.cat([0, 0, 0].map { plane($0) })
    case .gray:
      guard isColor else { return plane(0) }
      // Integers with 16 bits of fraction, rounded: what Pillow computes.
      let wide = to(.int64)
      let sum = wide.plane(0) * 19595 + wide.plane(1) * 38470 + wide.plane(2) * 7471
      return ((sum + 0x8000) >> 16).to(dtype)
    }
  }

  private func plane(_ index: Int) -> Tensor { narrow(dim: 0, start: index, length: 1) }
}

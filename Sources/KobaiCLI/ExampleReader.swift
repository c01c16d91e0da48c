import Kobai

/// Reads files as the examples that a run's network takes: [N] + its input shape.
struct ExampleReader {
  let config: RunConfig
  let isInverted: Bool

  func read(_ path: String) throws -> Tensor {
    switch config.preparation {
    case .image(let maximum, let mean, let std):
      let pixels = try pixels(path, maximum: maximum)
      let shape = [1, mean.count, 1, 1]
      return (pixels - Tensor(mean, shape: shape, dtype: .float32))
        / Tensor(std, shape: shape, dtype: .float32)
    case .table(let encoder):
      return try rows(path, encoder)
    }
  }

  /// Images [N, C, H, W] with values from 0 to 1.
  private func pixels(_ path: String, maximum: Double) throws -> Tensor {
    switch try kind(of: path) {
    case .png: return try png(path)
    case .npy: return try shaped(try Tensor(npy: path).to(.float32), path) / maximum
    case .idx: return try shaped(try Tensor(idx: path).to(.float32), path) / maximum
    case .other:
      throw CommandError(
        "\(path) is neither a PNG, an NPY nor an IDX file (which may be gzipped), the images that can "
          + "be read; convert it to PNG")
    }
  }

  private enum Kind { case png, npy, idx, other }

  /// What a file is shows in its first bytes, whatever its name.
  private func kind(of path: String) throws -> Kind {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    func begins(_ bytes: [UInt8]) -> Bool { file.bytes.starts(with: bytes) }
    if begins([0x89] + Array("PNG".utf8)) { return .png }
    if begins([0x93] + Array("NUMPY".utf8)) { return .npy }
    return begins([0, 0]) || begins([0x1F, 0x8B]) ? .idx : .other
  }

  /// Puts [H, W], [N, H, W] or [N, C, H, W] into the network's shape.
  private func shaped(_ x: Tensor, _ path: String) throws -> Tensor {
    let wanted = config.inputShape
    let (channels, size) = (wanted[0], Array(wanted.suffix(2)))
    let shape = x.shape
    let fits = Array(shape.suffix(2)) == size
    switch shape.count {
    case 2 where fits && channels == 1: return x.reshape([1, 1] + size)
    case 3 where fits && channels == 1: return x.unsqueeze(1)
    case 3 where shape == wanted: return x.unsqueeze(0)
    case 4 where Array(shape.dropFirst()) == wanted: return x
    default:
      throw CommandError(
        "\(path) holds an array of shape \(shape), but the network takes images of shape \(wanted), "
          + "one or a list of them")
    }
  }

  /// A picture in the network's size and colours.
  private func png(_ path: String) throws -> Tensor {
    let image = try Tensor(png: path)
    // 16 bits a sample come as int32.
    var x = image.to(.float32) / (image.dtype == .uint8 ? 255 : 65535)
    let (height, width) = (x.shape[1], x.shape[2])
    if x.shape[0] % 2 == 0 {
      // A last channel says how opaque a place is: what shines through is black.
      x = x[..<(x.shape[0] - 1)] * x[(x.shape[0] - 1)...]
    }
    let (channels, size) = (config.inputShape[0], Array(config.inputShape.suffix(2)))
    if channels == 1 && x.shape[0] == 3 {
      // ITU-R BT.601, as other programs make grey.
      x = 0.299 * x[0...0] + 0.587 * x[1...1] + 0.114 * x[2...2]
    } else if channels == 3 && x.shape[0] == 1 {
      x = x.expand([3, height, width])
    }
    if isInverted { x = 1 - x }
    x = x.unsqueeze(0)
    guard [height, width] != size else { return x }
    return x.interpolate(size: size, mode: .bilinear, alignCorners: false, antialias: true)
  }

  private func rows(_ path: String, _ encoder: TableEncoder) throws -> Tensor {
    if try kind(of: path) == .npy {
      let x = try Tensor(npy: path).to(.float32)
      guard let columns = x.shape.last, columns == config.inputShape[0], x.rank <= 2 else {
        throw CommandError(
          "\(path) holds an array of shape \(x.shape), but the network takes rows of "
            + "\(config.inputShape[0]) numbers")
      }
      return x.reshape([-1, columns])
    }
    return try encoder.features(of: encoder.table(csv: path))
  }
}

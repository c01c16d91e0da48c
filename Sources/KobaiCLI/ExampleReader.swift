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
    let name = path.lowercased()
    if name.hasSuffix(".png") { return try png(path) }
    let array =
      name.hasSuffix(".npy") ? try NPY.read(contentsOf: path) : try IDX.read(contentsOf: path)
    return try shaped(try tensor(array, path), path) / maximum
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
    let image = try PNG.read(contentsOf: path)
    var x: Tensor
    switch image.samples {
    case .uint8(let bytes):
      x =
        Tensor(bytes: bytes, dtype: .uint8, shape: [image.height, image.width, image.channels])
        .to(.float32) / 255
    case .uint16(let words):
      x = Tensor(words.map(Float.init), shape: [image.height, image.width, image.channels]) / 65535
    }
    x = x.permute([2, 0, 1])
    if image.channels % 2 == 0 {
      // A last channel says how opaque a place is: what shines through is black.
      x = x[..<(image.channels - 1)] * x[(image.channels - 1)...]
    }
    let (channels, size) = (config.inputShape[0], Array(config.inputShape.suffix(2)))
    if channels == 1 && x.shape[0] == 3 {
      // ITU-R BT.601, as other programs make grey.
      x = 0.299 * x[0...0] + 0.587 * x[1...1] + 0.114 * x[2...2]
    } else if channels == 3 && x.shape[0] == 1 {
      x = x.expand([3, image.height, image.width])
    }
    if isInverted { x = 1 - x }
    x = x.unsqueeze(0)
    guard [image.height, image.width] != size else { return x }
    return x.interpolate(size: size, mode: .bilinear, alignCorners: false, antialias: true)
  }

  private func rows(_ path: String, _ encoder: TableEncoder) throws -> Tensor {
    guard path.lowercased().hasSuffix(".csv") else {
      let x = try tensor(NPY.read(contentsOf: path), path)
      guard let columns = x.shape.last, columns == config.inputShape[0], x.rank <= 2 else {
        throw CommandError(
          "\(path) holds an array of shape \(x.shape), but the network takes rows of "
            + "\(config.inputShape[0]) numbers")
      }
      return x.reshape([-1, columns])
    }
    return try encoder.features(of: Table(csv: path))
  }

  private func tensor(_ array: RawArray, _ path: String) throws -> Tensor {
    guard let dtype = DType(name: array.dtype.rawValue) else {
      throw CommandError(
        "\(path) holds \(array.dtype.rawValue), which tensors do not have; convert it to float32")
    }
    return Tensor(bytes: array.bytes, dtype: dtype, shape: array.shape).to(.float32)
  }
}

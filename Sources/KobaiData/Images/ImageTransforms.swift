import KobaiOperators
import KobaiTensor

// What torchvision's transforms do, for one image [channels, height, width] or a batch
// [count, channels, height, width]. Random ones draw for each image on its own. They are made for the
// `transform` of a `DataLoader`, which gives a generator, and are not differentiable where they copy pixels.

extension Tensor {
  /// Pixels of 0 … 255 and shape [height, width, channels] (or a batch of such images) as floating point numbers
  /// from 0 to 1 with the channels first: torchvision's `ToTensor`.
  ///
  ///     Tensor.zeros([28, 28, 3], dtype: .uint8).imageToTensor().shape   // [3, 28, 28]
  ///
  /// Other dtypes than uint8 are not divided, only turned.
  public func imageToTensor() -> Tensor {
    guard rank == 3 || rank == 4 else {
      return misuse(
        "imageToTensor: expected [height, width, channels] or a batch of it, but the shape is \(shape)"
      )
    }
    let turned = rank == 3 ? permute([2, 0, 1]) : permute([0, 3, 1, 2])
    return dtype == .uint8 ? turned.to(.float32).contiguous() / 255 : turned.contiguous()
  }

  /// (x − mean) / std for each channel: torchvision's `Normalize`.
  ///
  ///     x.normalized(mean: [0.1307], std: [0.3081])   // x: [64, 1, 28, 28]
  ///
  /// - Parameters:
  ///   - mean: one number for each channel.
  ///   - std: one number > 0 for each channel.
  public func normalized(mean: [Double], std: [Double]) -> Tensor {
    guard dtype.isFloatingPoint else {
      return misuse(
        "normalized: Input tensor should be a float tensor. Got \(dtype); convert with .to(.float32)"
      )
    }
    guard rank == 3 || rank == 4, mean.count == shape[rank - 3], std.count == mean.count else {
      return misuse(
        "normalized: \(mean.count) means and \(std.count) deviations do not fit the shape \(shape); give one "
          + "for each channel of [channels, height, width]")
    }
    guard std.allSatisfy({ $0 != 0 }) else {
      return misuse("normalized: std evaluated to zero, leading to division by zero: \(std)")
    }
    let shape = [mean.count, 1, 1]
    return (self - Tensor(mean, shape: shape, dtype: dtype))
      / Tensor(std, shape: shape, dtype: dtype)
  }

  /// A piece of each image at a random place, after `padding` zeros were put around: torchvision's
  /// `RandomCrop`.
  ///
  ///     x.randomCrop(height: 32, width: 32, padding: 4, generator: generator)
  ///
  /// - Parameters:
  ///   - height: of the piece, at most that of the image with its padding.
  ///   - width: of the piece.
  ///   - padding: pixels on each side.
  ///   - generator: draws the row, then the column, image by image; the default one unless given.
  public func randomCrop(
    height: Int, width: Int, padding: Int = 0, generator: Generator? = nil
  ) -> Tensor {
    guard rank == 3 || rank == 4, padding >= 0, height > 0, width > 0,
      height <= shape[rank - 2] + 2 * padding, width <= shape[rank - 1] + 2 * padding
    else {
      return misuse(
        "randomCrop: Required crop size \((height, width)) is larger than input image size, or no size: the "
          + "shape is \(shape) with a padding of \(padding)")
    }
    let source = shape
    var target = source
    (target[rank - 2], target[rank - 1]) = (height, width)
    let (rows, columns) = (source[rank - 2], source[rank - 1])
    func draw(_ room: Int) -> Int {
      Tensor.randint(room + 1, [1], generator: generator).item(as: Int.self)
    }
    return copyingImages("randomCrop", to: target) { size, channels, from, to in
      // torchvision draws nothing where there is no choice.
      let isWhole = height == rows + 2 * padding && width == columns + 2 * padding
      let top = isWhole ? -padding : draw(rows + 2 * padding - height) - padding
      let left = isWhole ? -padding : draw(columns + 2 * padding - width) - padding
      let kept =
        Swift.max(0, left)..<Swift.max(Swift.max(0, left), Swift.min(columns, left + width))
      for channel in 0..<channels {
        for row in 0..<height {
          let line = to + (channel * height + row) * width * size
          line.initializeMemory(as: UInt8.self, repeating: 0, count: width * size)
          guard (0..<rows).contains(top + row), !kept.isEmpty else { continue }
          (line + (kept.lowerBound - left) * size).copyMemory(
            from: from + ((channel * rows + top + row) * columns + kept.lowerBound) * size,
            byteCount: kept.count * size)
        }
      }
    }
  }

  /// Each image turned left to right with probability `p`: torchvision's `RandomHorizontalFlip`.
  ///
  /// - Parameters:
  ///   - p: from 0 to 1.
  ///   - generator: draws one number for each image; the default one unless given.
  public func randomHorizontalFlip(p: Double = 0.5, generator: Generator? = nil) -> Tensor {
    guard rank == 3 || rank == 4, (0...1).contains(p) else {
      return misuse(
        "randomHorizontalFlip: expected [channels, height, width] or a batch of it and p in [0, 1], but the "
          + "shape is \(shape) and p is \(p)")
    }
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    return copyingImages("randomHorizontalFlip", to: shape) { size, channels, from, to in
      let isFlipped = Tensor.rand([1], generator: generator).item() < p
      guard isFlipped else {
        to.copyMemory(from: from, byteCount: channels * rows * columns * size)
        return
      }
      for line in 0..<channels * rows {
        for column in 0..<columns {
          (to + (line * columns + column) * size).copyMemory(
            from: from + (line * columns + columns - 1 - column) * size, byteCount: size)
        }
      }
    }
  }

  /// A tensor of another shape whose images `copy` fills one by one: it gets the bytes of an element, the
  /// channels, and the first byte of an image here and there.
  private func copyingImages(
    _ name: String, to target: Shape,
    _ copy: (_ size: Int, _ channels: Int, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
  ) -> Tensor {
    guard let value = hostValue(name)?.contiguous else { return .poison }
    let (count, channels) = (rank == 4 ? target[0] : 1, target[target.count - 3])
    let size = value.dtype.size
    func imageSize(_ shape: Shape) -> Int { shape.suffix(3).reduce(size, *) }
    let result = value.withElements { from, _ in
      Value.make(value.dtype, target) { to in
        for image in 0..<count {
          copy(
            size, channels, from + image * imageSize(value.shape), to + image * imageSize(target))
        }
      }
    }
    return Tensor(result)
  }
}

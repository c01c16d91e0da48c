import KobaiOperators
import KobaiTensor

/// Images with their classes: one part of an `ImageClassification`.
///
/// It is a data set whose examples are an image, float32 of shape [C, H, W] with pixels from 0 to 1, and
/// its class, int64 of shape []. The images stay as small as they came; a loader converts one batch at a
/// time.
///
///     let digits = Digits.load()
///     for (x, y) in DataLoader(digits.train, batchSize: 32, shuffle: true) { … }
///     // x: float32 [32, 1, 8, 8], y: int64 [32]
public struct LabeledImages: Dataset {
  /// The pixels as they are stored: uint8 of shape [N, C, H, W], from 0 to `maximum`.
  public let images: Tensor
  /// The class of each image: int64 of shape [N].
  public let labels: Tensor
  /// The stored value that stands for 1: 255, or 16 in `Digits`.
  public let maximum: Int

  /// What the stored values stand for: pixels from 0 to 1, or normalized ones.
  private var values: PixelValues

  /// Pairs images with their classes.
  ///
  /// - Parameters:
  ///   - images: uint8 of shape [N, C, H, W].
  ///   - labels: int64 of shape [N].
  ///   - maximum: the stored value that stands for 1.
  public init(images: Tensor, labels: Tensor, maximum: Int = 255) {
    self.maximum = maximum
    values = PixelValues(channels: images.shape.count == 4 ? images.shape[1] : 0, maximum: maximum)
    guard images.dtype == .uint8, images.shape.count == 4, labels.dtype == .int64,
      labels.shape == [images.shape[0]], maximum > 0
    else {
      self.images = misuse(
        "LabeledImages: images must be uint8 [N, C, H, W], labels int64 [N] and maximum positive, but "
          + "they are \(images.dtype) \(images.shape), \(labels.dtype) \(labels.shape) and \(maximum)"
      )
      self.labels = .poison
      return
    }
    self.images = images
    self.labels = labels
  }

  /// The number of images.
  public var count: Int { labels.shape.first ?? 0 }

  /// An image, float32 [C, H, W], and its class.
  public subscript(index: Int) -> (Tensor, Tensor) {
    (
      values.examples(of: images, at: [index]).squeeze(dim: 0),
      labels.select(dim: 0, index: index)
    )
  }

  /// The examples of those numbers: float32 [count, C, H, W] and int64 [count].
  public func stacked(at indices: [Int]) -> (Tensor, Tensor)? {
    (
      values.examples(of: images, at: indices),
      labels.indexSelect(dim: 0, index: Tensor(indices, shape: [indices.count]))
    )
  }

  /// All images as the examples have them: float32 of shape [N, C, H, W], four times what `images` takes.
  ///
  ///     Digits.load().test.floats.shape   // [360, 1, 8, 8]
  public var floats: Tensor { values.examples(of: images, at: Array(0..<count)) }

  /// The same images, whose examples are (pixel − mean) / std, channel by channel.
  ///
  /// - Parameters:
  ///   - mean: for each channel what is subtracted from pixels from 0 to 1.
  ///   - std: for each channel what the difference is divided by.
  public func normalized(mean: [Double], std: [Double]) -> LabeledImages {
    var result = self
    let channels = images.shape.count == 4 ? images.shape[1] : 0
    guard mean.count == channels, std.count == channels, std.allSatisfy({ $0 > 0 }) else {
      result.values = misuse(
        "normalized: mean \(mean) and std \(std) need a number for each of the \(channels) channels, "
          + "and those of std must be positive", else: .poison)
      return result
    }
    result.values = PixelValues(channels: channels, maximum: maximum, mean: mean, std: std)
    return result
  }

  /// The images of those numbers, in that order.
  public func selecting(_ indices: [Int]) -> LabeledImages {
    let index = Tensor(indices, shape: [indices.count])
    return replacing(
      images.indexSelect(dim: 0, index: index), labels.indexSelect(dim: 0, index: index))
  }

  /// The first images, at most `count`; they share their memory with all.
  ///
  ///     Digits.load().train.prefix(100).count   // 100
  public func prefix(_ count: Int) -> LabeledImages {
    let count = Swift.max(0, Swift.min(count, self.count))
    return replacing(
      images.narrow(dim: 0, start: 0, length: count),
      labels.narrow(dim: 0, start: 0, length: count))
  }

  private func replacing(_ images: Tensor, _ labels: Tensor) -> LabeledImages {
    var result = LabeledImages(images: images, labels: labels, maximum: maximum)
    result.values = values
    return result
  }
}

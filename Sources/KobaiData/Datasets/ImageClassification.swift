import KobaiOperators
import KobaiTensor

/// A data set of images, each of which belongs to one class.
///
/// `Digits`, `MNIST`, `FashionMNIST` and `CIFAR10` all give one, so that a program can treat them alike:
///
///     let data = try ImageClassification.load("mnist").normalized()
///     let net = Net(inputs: data.imageShape, outputs: data.classes.count)
///     for (x, y) in DataLoader(data.train, batchSize: 64, shuffle: true) { … }
public struct ImageClassification: Sendable {
  /// The name by which `load` knows it, such as `"fashion-mnist"`.
  public let name: String
  /// What each label stands for.
  public let classes: [String]
  /// The images to learn from.
  public var train: LabeledImages
  /// Images to choose by (learning rates, when to stop); nil where the publishers state none. See
  /// `splittingValidation`.
  public var validation: LabeledImages?
  /// The images to judge by.
  public var test: LabeledImages
  /// The mean of each channel over all published training images, for pixels from 0 to 1.
  public let mean: [Double]
  /// The standard deviation of each channel over all published training images, for pixels from 0 to 1.
  public let std: [Double]

  /// A data set of one's own.
  public init(
    name: String, classes: [String], train: LabeledImages, validation: LabeledImages? = nil,
    test: LabeledImages, mean: [Double], std: [Double]
  ) {
    self.name = name
    self.classes = classes
    self.train = train
    self.validation = validation
    self.test = test
    self.mean = mean
    self.std = std
  }

  /// Channels, height and width of an image: `[1, 28, 28]` for MNIST.
  public var imageShape: Shape { Array(train.images.shape.dropFirst()) }

  /// The number of classes.
  public var classCount: Int { classes.count }

  /// The same data, whose examples are (pixel − mean) / std, channel by channel, in all parts.
  public func normalized() -> ImageClassification {
    var result = self
    result.train = train.normalized(mean: mean, std: std)
    result.validation = validation?.normalized(mean: mean, std: std)
    result.test = test.normalized(mean: mean, std: std)
    return result
  }

  /// The same data with some of the training images as validation images instead.
  ///
  ///     let data = try MNIST.load().splittingValidation(5000)
  ///     data.train.count         // 55000
  ///     data.validation?.count   // Optional(5000)
  ///
  /// - Parameters:
  ///   - count: how many, drawn without replacement; there must be no validation images yet.
  ///   - generator: draws them; the same ones for the same seed.
  public func splittingValidation(
    _ count: Int, generator: Generator = Generator(seed: 0)
  ) -> ImageClassification {
    guard validation == nil, (0...train.count).contains(count) else {
      return misuse(
        "splittingValidation: \(count) of \(train.count) training images were asked for; "
          + (validation == nil
            ? "choose from 0 to \(train.count)"
            : "there are \(validation?.count ?? 0) validation images already, use those"),
        else: self)
    }
    let order = Tensor.randperm(train.count, generator: generator).array(as: Int.self)
    var result = self
    result.validation = train.selecting(Array(order[..<count]))
    result.train = train.selecting(Array(order[count...]))
    return result
  }
}

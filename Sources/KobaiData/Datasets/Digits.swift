import CDatasets
import KobaiOperators
import KobaiTensor

/// 1,797 handwritten digits of 8 × 8 pixels, which are part of the program: no file, no network.
///
///     let data = Digits.load()
///     data.train.count, data.validation?.count, data.test.count   // 1078, 359, 360
///
/// Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
/// Learning Repository, https://doi.org/10.24432/C50P49 (CC BY 4.0): the test set, in the order of
/// scikit-learn's `load_digits`.
public enum Digits {
  /// The number of images.
  public static let count = Int(KB_DIGITS_COUNT)

  /// The stored value that stands for 1: how many pixels of a block of 4 × 4 are on.
  public static let maximum = 16

  /// The images as published: float32 of shape [1797, 1, 8, 8], whole numbers from 0 (paper) to 16 (ink).
  ///
  /// `load` scales them: its examples are these divided by 16.
  public static var images: Tensor { pixels.to(.float32) }

  /// The digit of each image, 0 to 9: int64 of shape [1797].
  public static var labels: Tensor {
    let bytes = UnsafeRawBufferPointer(start: kb_digits_labels(), count: count)
    return Tensor(bytes: bytes, dtype: .uint8, shape: [count]).to(.int64)
  }

  private static var pixels: Tensor {
    let bytes = UnsafeRawBufferPointer(start: kb_digits_pixels(), count: count * 64)
    return Tensor(bytes: bytes, dtype: .uint8, shape: [count, 1, 8, 8])
  }

  /// The digits in three parts, about 60, 20 and 20 percent: 1,078, 359 and 360 images.
  ///
  /// The order is `Tensor.randperm(1797, generator: Generator(seed: 0))`, the same as PyTorch's
  /// `torch.randperm(1797, generator=torch.Generator().manual_seed(0))`: its first 1,078 images are for
  /// training, the next 359 for validation, the rest for testing.
  public static func load() -> ImageClassification {
    let all = LabeledImages(images: pixels, labels: labels, maximum: maximum)
    let order = Tensor.randperm(count, generator: Generator(seed: 0)).array(as: Int.self)
    return ImageClassification(
      name: "digits", classes: (0..<10).map { "\($0)" },
      train: all.selecting(Array(order[..<1078])),
      validation: all.selecting(Array(order[1078..<1437])),
      test: all.selecting(Array(order[1437...])),
      mean: [0.30463496], std: [0.37563401])
  }
}

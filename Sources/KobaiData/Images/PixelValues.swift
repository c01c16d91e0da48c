import CKernels
import KobaiOperators
import KobaiTensor

/// What stored pixels stand for: a byte of a channel is one of 256 numbers, which are computed once.
struct PixelValues: Sendable {
  /// float32, 256 numbers for each channel.
  private let table: Tensor

  static let poison = PixelValues(table: .poison)

  private init(table: Tensor) { self.table = table }

  /// pixel / maximum.
  init(channels: Int, maximum: Int) {
    table = (Tensor.arange(256, dtype: .float32) / Double(maximum)).expand([channels, 256])
      .contiguous()
  }

  /// (pixel / maximum − mean) / std, with a mean and a deviation for each channel.
  init(channels: Int, maximum: Int, mean: [Double], std: [Double]) {
    let plain = PixelValues(channels: channels, maximum: maximum).table
    table = plain.reshape([channels, 1, 256]).normalized(mean: mean, std: std)
  }

  /// Those of the uint8 `images` [N, channels, height, width], as float32.
  func examples(of images: Tensor, at indices: [Int]) -> Tensor {
    guard let pixels = images.hostValue("LabeledImages")?.contiguous,
      let table = table.hostValue("LabeledImages")?.contiguous
    else { return .poison }
    let (count, channels) = (pixels.shape[0], pixels.shape[1])
    if let wrong = indices.first(where: { !(0..<count).contains($0) }) {
      return misuse(
        "LabeledImages: there is no image \(wrong); indices are 0 ..< \(count)")
    }
    let numbers = indices.map(Int64.init)
    let shape = Shape([indices.count] + pixels.shape.dropFirst())
    return Tensor(
      pixels.withElements { pixels, _ in
        table.withElements { table, _ in
          Value.make(.float32, shape) { out in
            kb_look_up_bytes(
              numbers.count, numbers, channels, shape[2] * shape[3],
              pixels.assumingMemoryBound(to: UInt8.self),
              table.assumingMemoryBound(to: Float.self), out.assumingMemoryBound(to: Float.self))
          }
        }
      })
  }
}

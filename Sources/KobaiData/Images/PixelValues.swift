import CKernels
import KobaiOperators
import KobaiTensor

/// What stored pixels stand for: a byte of a channel is one of 256 numbers, which are computed once.
struct PixelValues: Sendable {
  /// float32 of shape [channels, 256].
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
    table =
      (plain - Tensor(mean, shape: [channels, 1], dtype: .float32))
      / Tensor(std, shape: [channels, 1], dtype: .float32)
  }

  /// Those of the uint8 `images` [N, channels, height, width], as float32.
  func examples(of images: Tensor, at indices: [Int]) -> Tensor {
    guard let pixels = images.hostValue("images")?.contiguous,
      let table = table.hostValue("images")?.contiguous
    else { return .poison }
    let (count, channels) = (pixels.shape[0], pixels.shape[1])
    if let wrong = indices.first(where: { !(0..<count).contains($0) }) {
      return misuse("images: the index \(wrong) is not that of one of \(count) images")
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

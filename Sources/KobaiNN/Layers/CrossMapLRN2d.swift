import KobaiOperators
import KobaiTensor

/// x / (k + α/n Σ x²)^β, the sum over neighbouring channels (Krizhevsky et al., 2012).
///
///     CrossMapLRN2d(5)(Tensor.randn([1, 16, 8, 8])).shape   // [1, 16, 8, 8]
///
/// Unlike `LocalResponseNorm` it takes [N, C, H, W] only, and a window of even size is one smaller. Two
/// peculiarities are PyTorch's, for the sake of old checkpoints: the first channel stays in the sums of all
/// channels whose window lies behind it, and the derivative takes the window to begin at the channel itself.
public final class CrossMapLRN2d: Module {
  /// The number n of channels of a sum.
  public let size: Int
  /// The constants of x / (k + α/n Σ x²)^β.
  public let alpha, beta, k: Double

  /// - Parameter size: the number n of channels of a sum.
  public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank == 4 else {
      return misuse("CrossMapLRN2d: expected 4D input, got \(x.rank)D input instead")
    }
    let (reach, channels) = ((size - 1) / 2, x.size(1))
    let squares = x * x
    let padded = squares.pad([0, 0, 0, 0, reach, reach])
    let sums = (0...2 * reach).map { padded.narrow(dim: 1, start: $0, length: channels) }
    var total = sums.dropFirst().reduce(sums[0]) { $0 + $1 }
    if channels > reach + 1 {
      let isBehind = Tensor.arange(channels).gt(reach).reshape([channels, 1, 1])
      total = total + squares.narrow(dim: 1, start: 0, length: 1) * isBehind.to(x.dtype)
    }
    let summed = total.detach() + derivativeSums(squares)
    return x * (summed * (alpha / Double(size)) + k).pow(-beta)
  }

  /// Zeros whose derivative is that of the sums that PyTorch's backward pass takes.
  private func derivativeSums(_ squares: Tensor) -> Tensor {
    let behind = Int(Double(size) - Double(size - 1) / 2)
    let before = size - 1 - behind
    let padded = squares.pad([0, 0, 0, 0, Swift.max(before, 0), Swift.max(behind, 0)])
    let sums = (0..<size).map { padded.narrow(dim: 1, start: $0, length: squares.size(1)) }
    let total = sums.dropFirst().reduce(sums[0]) { $0 + $1 }
    return total - total.detach()
  }

  public override var extraDescription: String {
    "\(size), alpha=\(alpha.python), beta=\(beta.python), k=\(k.python)"
  }
}

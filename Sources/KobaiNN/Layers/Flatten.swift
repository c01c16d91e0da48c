import KobaiOperators
import KobaiTensor

/// Makes one dimension of several; all but the first by default.
///
///     Flatten()(Tensor.zeros([32, 1, 5, 5])).shape   // [32, 25]
public final class Flatten: Module {
  /// The first and the last of the dimensions that become one.
  public let startDim, endDim: Int

  /// - Parameters:
  ///   - startDim: the first dimension of those that become one; 1 keeps the batch.
  ///   - endDim: the last of them, included; counted from the end if negative.
  public init(startDim: Int = 1, endDim: Int = -1) {
    self.startDim = startDim
    self.endDim = endDim
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.flatten(startDim: startDim, endDim: endDim) }

  public override var extraDescription: String { "start_dim=\(startDim), end_dim=\(endDim)" }
}

/// Makes several dimensions of one.
///
///     Unflatten(1, [2, 5, 5])(Tensor.zeros([2, 50])).shape   // [2, 2, 5, 5]
public final class Unflatten: Module {
  /// The dimension that is divided.
  public let dim: Int
  /// The sizes that it becomes.
  public let sizes: [Int]

  /// - Parameters:
  ///   - dim: the dimension that is divided; counted from the end if negative.
  ///   - sizes: their product must be the dimension's size; one of them may be −1 and follows from it.
  public init(_ dim: Int, _ sizes: [Int]) {
    self.dim = dim
    self.sizes = sizes
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.unflatten(dim: dim, sizes: sizes) }

  public override var extraDescription: String {
    "dim=\(dim), unflattened_size=\(sizes.pythonTuple)"
  }
}

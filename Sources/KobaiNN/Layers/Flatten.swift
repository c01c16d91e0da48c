import KobaiOperators
import KobaiTensor

/// Makes one dimension of several; all but the first by default.
///
///     Flatten()(Tensor.zeros([32, 1, 5, 5])).shape   // [32, 25]
public final class Flatten: Module {
  public let startDim, endDim: Int

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
  public let dim: Int
  public let sizes: [Int]

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

import KobaiOperators
import KobaiTensor

/// eˣ / Σ eˣ along a dimension.
public final class Softmax: Module {
  /// The dimension whose elements sum to 1.
  public let dim: Int

  /// - Parameter dim: the dimension whose elements sum to 1; counted from the end if negative.
  public init(dim: Int) {
    self.dim = dim
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.softmax(dim: dim) }

  public override var extraDescription: String { "dim=\(dim)" }
}

/// log(eˣ / Σ eˣ) along a dimension.
public final class LogSoftmax: Module {
  /// The dimension over which probabilities sum to 1.
  public let dim: Int

  /// - Parameter dim: the dimension over which probabilities sum to 1; counted from the end if negative.
  public init(dim: Int) {
    self.dim = dim
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.logSoftmax(dim: dim) }

  public override var extraDescription: String { "dim=\(dim)" }
}

/// e⁻ˣ / Σ e⁻ˣ along a dimension.
public final class Softmin: Module {
  /// The dimension whose elements sum to 1.
  public let dim: Int

  /// - Parameter dim: the dimension whose elements sum to 1; counted from the end if negative.
  public init(dim: Int) {
    self.dim = dim
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { (-x).softmax(dim: dim) }

  public override var extraDescription: String { "dim=\(dim)" }
}

/// Softmax over the channels of each place of images [N, C, H, W] or [C, H, W].
public final class Softmax2d: Module {
  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank == 3 || x.rank == 4 else {
      return misuse("Softmax2d: expected input to be 3D or 4D, but its shape is \(x.shape)")
    }
    return x.softmax(dim: -3)
  }
}

import KobaiOperators
import KobaiTensor

/// `Upsample` with `mode: .nearest` over two dimensions.
public final class UpsamplingNearest2d: Module {
  private let size: (any PerDimension)?
  private let scaleFactor: (any ScaleFactor)?

  /// - Parameters: one of the two is given: the size of the result, or its ratio to the input's.
  public init(size: (any PerDimension)? = nil, scaleFactor: (any ScaleFactor)? = nil) {
    self.size = size
    self.scaleFactor = scaleFactor
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.interpolate(size: size, scaleFactor: scaleFactor, mode: .nearest)
  }
}

/// `Upsample` with `mode: .bilinear` and aligned corners.
public final class UpsamplingBilinear2d: Module {
  private let size: (any PerDimension)?
  private let scaleFactor: (any ScaleFactor)?

  /// - Parameters: one of the two is given: the size of the result, or its ratio to the input's.
  public init(size: (any PerDimension)? = nil, scaleFactor: (any ScaleFactor)? = nil) {
    self.size = size
    self.scaleFactor = scaleFactor
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.interpolate(size: size, scaleFactor: scaleFactor, mode: .bilinear, alignCorners: true)
  }
}

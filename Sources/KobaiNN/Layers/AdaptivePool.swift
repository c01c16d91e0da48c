import KobaiOperators
import KobaiTensor

/// What pooling layers with an output of given size share.
public class AdaptivePoolLayer: ModuleBase {
  /// The spatial sizes; nil keeps the input's.
  public let outputSize: [Int?]

  /// - Parameter outputSize: the size of each spatial dimension; nil keeps the input's.
  public init(_ outputSize: [Int?]) {
    self.outputSize = outputSize
    super.init()
  }

  public override var extraDescription: String {
    let sizes = outputSize.map { $0.map(String.init) ?? "None" }
    return "output_size=" + (sizes.count == 1 ? sizes[0] : "(\(sizes.joined(separator: ", ")))")
  }
}

/// The mean of each of as many windows as the output has elements, over the last 1 dimension.
///
///     AdaptiveAvgPool1d(5)(Tensor.randn([1, 64, 50])).shape   // [1, 64, 5]
public final class AdaptiveAvgPool1d: AdaptivePoolLayer, Forward {
  /// - Parameter outputSize: the size of the spatial dimension.
  public init(_ outputSize: Int) { super.init([Int?](repeating: outputSize, count: 1)) }
  public override init(_ outputSize: [Int?]) { super.init(outputSize) }

  public func forward(_ x: Tensor) -> Tensor { x.adaptiveAvgPool1d(outputSize: outputSize) }
}

/// The mean of each of as many windows as the output has elements, over the last 2 dimensions.
///
///     AdaptiveAvgPool2d(5)(Tensor.randn([1, 64, 10, 9])).shape   // [1, 64, 5, 5]
public final class AdaptiveAvgPool2d: AdaptivePoolLayer, Forward {
  /// - Parameter outputSize: the size of every spatial dimension.
  public init(_ outputSize: Int) { super.init([Int?](repeating: outputSize, count: 2)) }
  public override init(_ outputSize: [Int?]) { super.init(outputSize) }

  public func forward(_ x: Tensor) -> Tensor { x.adaptiveAvgPool2d(outputSize: outputSize) }
}

/// The mean of each of as many windows as the output has elements, over the last 3 dimensions.
///
///     AdaptiveAvgPool3d(5)(Tensor.randn([1, 64, 8, 9, 10])).shape   // [1, 64, 5, 5, 5]
public final class AdaptiveAvgPool3d: AdaptivePoolLayer, Forward {
  /// - Parameter outputSize: the size of every spatial dimension.
  public init(_ outputSize: Int) { super.init([Int?](repeating: outputSize, count: 3)) }
  public override init(_ outputSize: [Int?]) { super.init(outputSize) }

  public func forward(_ x: Tensor) -> Tensor { x.adaptiveAvgPool3d(outputSize: outputSize) }
}

/// The largest element of each of as many windows as the output has elements, over the last 1 dimension.
///
///     AdaptiveMaxPool1d(5)(Tensor.randn([1, 64, 50])).shape   // [1, 64, 5]
public final class AdaptiveMaxPool1d: AdaptivePoolLayer, Forward {
  /// - Parameter outputSize: the size of the spatial dimension.
  public init(_ outputSize: Int) { super.init([Int?](repeating: outputSize, count: 1)) }
  public override init(_ outputSize: [Int?]) { super.init(outputSize) }

  public func forward(_ x: Tensor) -> Tensor { x.adaptiveMaxPool1d(outputSize: outputSize) }

  /// With where in the input each value came from, counted through its last 1 dimension.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    scoped { x.adaptiveMaxPool1dWithIndices(outputSize: outputSize) }
  }
}

/// The largest element of each of as many windows as the output has elements, over the last 2 dimensions.
///
///     AdaptiveMaxPool2d(5)(Tensor.randn([1, 64, 10, 9])).shape   // [1, 64, 5, 5]
public final class AdaptiveMaxPool2d: AdaptivePoolLayer, Forward {
  /// - Parameter outputSize: the size of every spatial dimension.
  public init(_ outputSize: Int) { super.init([Int?](repeating: outputSize, count: 2)) }
  public override init(_ outputSize: [Int?]) { super.init(outputSize) }

  public func forward(_ x: Tensor) -> Tensor { x.adaptiveMaxPool2d(outputSize: outputSize) }

  /// With where in the input each value came from, counted through its last 2 dimensions.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    scoped { x.adaptiveMaxPool2dWithIndices(outputSize: outputSize) }
  }
}

/// The largest element of each of as many windows as the output has elements, over the last 3 dimensions.
///
///     AdaptiveMaxPool3d(5)(Tensor.randn([1, 64, 8, 9, 10])).shape   // [1, 64, 5, 5, 5]
public final class AdaptiveMaxPool3d: AdaptivePoolLayer, Forward {
  /// - Parameter outputSize: the size of every spatial dimension.
  public init(_ outputSize: Int) { super.init([Int?](repeating: outputSize, count: 3)) }
  public override init(_ outputSize: [Int?]) { super.init(outputSize) }

  public func forward(_ x: Tensor) -> Tensor { x.adaptiveMaxPool3d(outputSize: outputSize) }

  /// With where in the input each value came from, counted through its last 3 dimensions.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    scoped { x.adaptiveMaxPool3dWithIndices(outputSize: outputSize) }
  }
}

import KobaiOperators
import KobaiTensor

/// What layers that undo max pooling share.
public class MaxUnpoolLayer: ModuleBase {
  /// As of the pooling layer that is undone, one number for all spatial dimensions or one for each.
  public let kernelSize, stride, padding: any PerDimension

  /// - Parameters: those of the pooling layer; `stride` is `kernelSize` unless given.
  public init(
    _ kernelSize: any PerDimension, stride: (any PerDimension)? = nil,
    padding: any PerDimension = 0
  ) {
    self.kernelSize = kernelSize
    self.stride = stride ?? kernelSize
    self.padding = padding
    super.init()
  }

  public override var extraDescription: String {
    "kernel_size=\(kernelSize.perDimension.pythonTuple), stride=\(stride.perDimension.pythonTuple), "
      + "padding=\(padding.perDimension.pythonTuple)"
  }
}

/// Values at the places that `MaxPool1d.withIndices` found, zeros elsewhere.
///
///     let (y, indices) = MaxPool1d(2).withIndices(x)
///     MaxUnpool1d(2)(y, indices)
public final class MaxUnpool1d: MaxUnpoolLayer {
  /// - Parameter outputSize: the size of the pooling's input; the smallest one unless given.
  public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
    scoped {
      x.maxUnpool1d(
        indices, kernelSize: kernelSize, stride: stride, padding: padding, outputSize: outputSize)
    }
  }
}

/// Values at the places that `MaxPool2d.withIndices` found, zeros elsewhere.
public final class MaxUnpool2d: MaxUnpoolLayer {
  /// - Parameter outputSize: the size of the pooling's input; the smallest one unless given.
  public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
    scoped {
      x.maxUnpool2d(
        indices, kernelSize: kernelSize, stride: stride, padding: padding, outputSize: outputSize)
    }
  }
}

/// Values at the places that `MaxPool3d.withIndices` found, zeros elsewhere.
public final class MaxUnpool3d: MaxUnpoolLayer {
  /// - Parameter outputSize: the size of the pooling's input; the smallest one unless given.
  public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
    scoped {
      x.maxUnpool3d(
        indices, kernelSize: kernelSize, stride: stride, padding: padding, outputSize: outputSize)
    }
  }
}

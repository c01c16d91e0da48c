import KobaiOperators
import KobaiTensor

/// A layer that is made at its first call, for the sizes and the dtype of what it is given.
///
///     let net = Sequential(LazyConv2d(8, kernelSize: 3), ReLU(), Flatten(), LazyLinear(10))
///     net(Tensor.zeros([1, 3, 28, 28]))   // from now on it has parameters
///
/// Call it once before its parameters are given to an optimizer. Its state is that of the layer it makes.
public class LazyLayer<Layer: Module>: ModuleBase
where Layer.Input == Tensor, Layer.Output == Tensor {
  /// The layer; nil before the first call.
  public private(set) final var layer: Layer?
  private final let make: (Tensor) -> Layer?

  /// - Parameter make: makes the layer for its first input; nil after a misuse.
  init(_ make: @escaping (Tensor) -> Layer?) {
    self.make = make
    super.init()
  }

  public final override var members: [Member] { layer?.members ?? [] }

  public final override func modeDidChange() { layer?.train(isTraining) }

  public final override var extraDescription: String { layer?.extraDescription ?? "" }

  final func run(_ x: Tensor) -> Tensor {
    if layer == nil {
      layer = make(x)
      layer?.train(isTraining)
    }
    return layer?.forward(x) ?? .poison
  }

  /// The number of channels of [N, C, …], or of [C, …] without a batch.
  static func channels(_ name: String, _ x: Tensor, spatial: Int) -> Int? {
    guard x.rank == spatial + 1 || x.rank == spatial + 2 else {
      return misuse(
        "\(name): expected \(spatial + 1)D (unbatched) or \(spatial + 2)D (batched) input, but got input "
          + "of size: \(x.shape)", else: nil)
    }
    return x.size(-1 - spatial)
  }
}

/// A `Linear` whose number of inputs is that of its first input's last dimension.
public final class LazyLinear: LazyLayer<Linear>, Forward {
  /// - Parameters:
  ///   - outFeatures: the size of the output's last dimension.
  ///   - bias: whether there is one.
  public init(_ outFeatures: Int, bias: Bool = true) {
    super.init { x in
      guard x.rank > 0 else {
        return misuse("LazyLinear: the input must have at least one dimension", else: nil)
      }
      return Linear(x.size(-1), outFeatures, bias: bias, dtype: x.dtype)
    }
  }

  public func forward(_ x: Tensor) -> Tensor { run(x) }
}

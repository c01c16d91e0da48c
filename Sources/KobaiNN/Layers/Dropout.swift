import KobaiOperators
import KobaiTensor

/// What dropout layers share.
public class DropoutLayer: ModuleBase {
  /// The probability of an element (a channel) to be dropped.
  public let p: Double

  /// - Parameter p: the probability of an element (a channel) to be dropped, in [0, 1].
  public init(_ p: Double = 0.5) {
    self.p = p
    super.init()
    if !(0...1).contains(p) {
      misuse(
        "\(type(of: self)): dropout probability has to be between 0 and 1, but got \(p)", else: ())
    }
  }

  /// The same with PyTorch's name for the probability.
  public convenience init(p: Double) { self.init(p) }

  public override var extraDescription: String { "p=\(p), inplace=False" }
}

/// While training: zeros in the place of a random part of the elements, the others divided by 1 − p
/// (Hinton et al. 2012). In evaluation: nothing.
///
///     Dropout(0.2)(Tensor.ones([1000])).mean()   // about 1
public final class Dropout: DropoutLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { x.dropout(p: p, training: isTraining) }
}

/// Drops whole channels of [N, C, L] or [C, L].
public final class Dropout1d: DropoutLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { x.dropout1d(p: p, training: isTraining) }
}

/// Drops whole channels of [N, C, H, W] or [C, H, W] (Tompson et al. 2015).
public final class Dropout2d: DropoutLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { x.dropout2d(p: p, training: isTraining) }
}

/// Drops whole channels of [N, C, D, H, W] or [C, D, H, W].
public final class Dropout3d: DropoutLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { x.dropout3d(p: p, training: isTraining) }
}

/// Dropout that keeps mean 0 and variance 1, for networks with SELU (Klambauer et al. 2017).
public final class AlphaDropout: DropoutLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { x.alphaDropout(p: p, training: isTraining) }
}

/// `AlphaDropout` of whole channels.
public final class FeatureAlphaDropout: DropoutLayer, Forward {
  public func forward(_ x: Tensor) -> Tensor { x.featureAlphaDropout(p: p, training: isTraining) }
}

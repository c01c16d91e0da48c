import KobaiOperators
import KobaiTensor

// Activations with arguments, which are PyTorch's.

/// x for x > 0, negativeSlope · x otherwise.
public final class LeakyReLU: Module {
  /// The factor of what is not positive.
  public let negativeSlope: Double

  /// - Parameter negativeSlope: the factor of what is not positive.
  public init(negativeSlope: Double = 0.01) {
    self.negativeSlope = negativeSlope
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.leakyRelu(negativeSlope: negativeSlope) }

  public override var extraDescription: String { "negative_slope=\(negativeSlope)" }
}

/// x for x > 0, alpha · (eˣ − 1) otherwise (Clevert et al. 2015).
public final class ELU: Module {
  /// The result tends to −alpha as x goes to −∞.
  public let alpha: Double

  /// - Parameter alpha: the result tends to −alpha as x goes to −∞.
  public init(alpha: Double = 1) {
    self.alpha = alpha
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.elu(alpha: alpha) }

  public override var extraDescription: String { "alpha=\(alpha)" }
}

/// max(0, x) + min(0, alpha · (e^(x / alpha) − 1)) (Barron 2017).
public final class CELU: Module {
  /// The result tends to −alpha as x goes to −∞.
  public let alpha: Double

  /// - Parameter alpha: not 0; with 1 this is `ELU`.
  public init(alpha: Double = 1) {
    self.alpha = alpha
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.celu(alpha: alpha) }

  public override var extraDescription: String { "alpha=\(alpha)" }
}

/// log(1 + e^(beta · x)) / beta; x itself where beta · x > threshold.
public final class Softplus: Module {
  /// How sharply the result bends at 0, and the beta · x from which on it is x itself.
  public let beta, threshold: Double

  /// - Parameters:
  ///   - beta: how sharply the result bends at 0; larger is nearer to `ReLU`.
  ///   - threshold: where beta · x exceeds it, the result is x itself.
  public init(beta: Double = 1, threshold: Double = 20) {
    self.beta = beta
    self.threshold = threshold
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.softplus(beta: beta, threshold: threshold) }

  public override var extraDescription: String { "beta=\(beta), threshold=\(threshold)" }
}

/// x moved towards 0 by lambda; 0 within ±lambda.
public final class Softshrink: Module {
  /// By how much elements move towards 0.
  public let lambda: Double

  /// - Parameter lambda: not negative; a call refuses others.
  public init(lambda: Double = 0.5) {
    self.lambda = lambda
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.softshrink(lambda: lambda) }

  public override var extraDescription: String { "\(lambda)" }
}

/// x outside of ±lambda, 0 within.
public final class Hardshrink: Module {
  /// Up to which magnitude elements become 0.
  public let lambda: Double

  /// - Parameter lambda: up to which magnitude elements become 0.
  public init(lambda: Double = 0.5) {
    self.lambda = lambda
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.hardshrink(lambda: lambda) }

  public override var extraDescription: String { "\(lambda)" }
}

/// x within minVal ... maxVal, the nearer end outside.
public final class Hardtanh: Module {
  /// The bounds.
  public let minVal, maxVal: Double

  /// - Parameters:
  ///   - minVal: the lower bound, below `maxVal`.
  ///   - maxVal: the upper bound.
  public init(minVal: Double = -1, maxVal: Double = 1) {
    self.minVal = minVal
    self.maxVal = maxVal
    super.init()
    if minVal >= maxVal {
      misuse(
        "Hardtanh: min_val must be less than max_val, but they are \(minVal) and \(maxVal)",
        else: ())
    }
  }

  public func forward(_ x: Tensor) -> Tensor { x.hardtanh(minVal: minVal, maxVal: maxVal) }

  public override var extraDescription: String { "min_val=\(minVal), max_val=\(maxVal)" }
}

/// x above the threshold, `value` otherwise.
public final class Threshold: Module {
  /// Above what an element stays, and what it becomes otherwise.
  public let threshold, value: Double

  /// - Parameters:
  ///   - threshold: an element that equals it is replaced, too.
  ///   - value: what takes the place of elements that do not exceed the threshold.
  public init(threshold: Double, value: Double) {
    self.threshold = threshold
    self.value = value
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.threshold(threshold, value: value) }

  public override var extraDescription: String { "threshold=\(threshold), value=\(value)" }
}

/// x · Φ(x), with the normal distribution function Φ (Hendrycks & Gimpel 2016).
public final class GELU: Module {
  /// Whether Φ is exact or PyTorch's formula with tanh.
  public let approximate: GeluApproximation

  /// - Parameter approximate: `.none` for the exact function, `.tanh` for PyTorch's formula with tanh.
  public init(approximate: GeluApproximation = .none) {
    self.approximate = approximate
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.gelu(approximate: approximate) }

  public override var extraDescription: String { "approximate='\(approximate)'" }
}

/// x for x > 0, a · x otherwise, with a learned a for all channels or each (He et al. 2015).
///
/// State: `weight` [numParameters], `initial` at first.
public final class PReLU: Module {
  /// The number of slopes: 1, or that of the channels.
  public let numParameters: Int
  /// The slopes, [numParameters].
  @Parameter public var weight: Tensor

  /// - Parameters:
  ///   - numParameters: 1 for all channels in common, or the number of channels (the size of dimension 1).
  ///   - initial: what the slopes begin with.
  ///   - dtype: of the slopes; the default one unless given.
  public init(numParameters: Int = 1, initial: Double = 0.25, dtype: DType? = nil) {
    self.numParameters = numParameters
    weight = Tensor.full([numParameters], initial, dtype: dtype)
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.prelu(weight) }

  public override var extraDescription: String { "num_parameters=\(numParameters)" }
}

/// While training a leaky ReLU with random slopes in lower ..< upper, in evaluation with their mean.
public final class RReLU: Module {
  /// What slopes are drawn from: `lower` included, `upper` not.
  public let lower, upper: Double

  /// - Parameters:
  ///   - lower: the smallest slope; a call refuses one above `upper`.
  ///   - upper: the end of the slopes, not drawn itself.
  public init(lower: Double = 1.0 / 8, upper: Double = 1.0 / 3) {
    self.lower = lower
    self.upper = upper
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.rrelu(lower: lower, upper: upper, training: isTraining)
  }

  public override var extraDescription: String { "lower=\(lower), upper=\(upper)" }
}

/// The first half of a dimension times the sigmoid of the second (Dauphin et al. 2016).
///
///     GLU()(Tensor.randn([4, 2])).shape   // [4, 1]
public final class GLU: Module {
  /// The dimension that is halved.
  public let dim: Int

  /// - Parameter dim: the dimension that is halved, of even size; counted from the end if negative.
  public init(dim: Int = -1) {
    self.dim = dim
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor { x.glu(dim: dim) }

  public override var extraDescription: String { "dim=\(dim)" }
}

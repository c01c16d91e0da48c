import KobaiOperators
import KobaiTensor

/// Normalizes the last dimensions of each example (Ba et al. 2016).
///
///     LayerNorm(10)(Tensor.randn([20, 5, 10])).shape   // [20, 5, 10]
///
/// State: `weight` (ones at first) and `bias` (zeros), of the normalized shape.
public final class LayerNorm: Module {
  /// The sizes of the last dimensions, over which mean and variance are taken.
  public let normalizedShape: [Int]
  /// What is added to the variance.
  public let eps: Double
  /// Whether there are a weight and a bias.
  public let elementwiseAffine: Bool
  /// Of `normalizedShape`; nil without `elementwiseAffine`.
  @Parameter public var weight: Tensor?
  /// Of `normalizedShape`; nil without a bias.
  @Parameter public var bias: Tensor?

  /// - Parameters:
  ///   - normalizedShape: the sizes of the last dimensions, over which mean and variance are taken.
  ///   - eps: added to the variance.
  ///   - elementwiseAffine: whether there are a weight and a bias.
  ///   - bias: whether an affine layer has a bias.
  public init(
    _ normalizedShape: any PerDimension, eps: Double = 1e-5, elementwiseAffine: Bool = true,
    bias: Bool = true, dtype: DType? = nil
  ) {
    let shape = normalizedShape.perDimension
    self.normalizedShape = shape
    self.eps = eps
    self.elementwiseAffine = elementwiseAffine
    weight = elementwiseAffine ? Tensor.ones(shape, dtype: dtype) : nil
    self.bias = elementwiseAffine && bias ? Tensor.zeros(shape, dtype: dtype) : nil
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.layerNorm(normalizedShape, weight: weight, bias: bias, eps: eps)
  }

  public override var extraDescription: String {
    "\(normalizedShape.pythonTuple), eps=\(eps.python), "
      + "elementwise_affine=\(elementwiseAffine.python), bias=\((bias != nil).python)"
  }
}

/// Divides the last dimensions of each example by their root mean square (Zhang & Sennrich 2019).
///
///     RMSNorm(10)(Tensor.randn([20, 5, 10])).shape   // [20, 5, 10]
///
/// State: `weight`, ones at first.
public final class RMSNorm: Module {
  /// The sizes of the last dimensions, over which the mean square is taken.
  public let normalizedShape: [Int]
  /// What is added to the mean square; nil for the smallest that the dtype can add to 1.
  public let eps: Double?
  /// Whether there is a weight.
  public let elementwiseAffine: Bool
  /// Of `normalizedShape`; nil without `elementwiseAffine`.
  @Parameter public var weight: Tensor?

  /// - Parameter eps: added to the mean square; nil for the smallest that the dtype can add to 1.
  public init(
    _ normalizedShape: any PerDimension, eps: Double? = nil, elementwiseAffine: Bool = true,
    dtype: DType? = nil
  ) {
    let shape = normalizedShape.perDimension
    self.normalizedShape = shape
    self.eps = eps
    self.elementwiseAffine = elementwiseAffine
    weight = elementwiseAffine ? Tensor.ones(shape, dtype: dtype) : nil
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.rmsNorm(normalizedShape, weight: weight, eps: eps)
  }

  public override var extraDescription: String {
    "\(normalizedShape.pythonTuple), eps=\(eps?.python ?? "None"), "
      + "elementwise_affine=\(elementwiseAffine.python)"
  }
}

/// Normalizes groups of channels of each example (Wu & He 2018).
///
///     GroupNorm(3, 6)(Tensor.randn([20, 6, 10, 10])).shape   // [20, 6, 10, 10]
///
/// State: `weight` (ones at first) and `bias` (zeros), [C].
public final class GroupNorm: Module {
  /// Into how many groups the channels are cut, and how many channels there are.
  public let numGroups, numChannels: Int
  /// What is added to the variance.
  public let eps: Double
  /// Whether there are a weight and a bias.
  public let affine: Bool
  /// [numChannels]; nil without `affine`.
  @Parameter public var weight: Tensor?
  /// [numChannels]; nil without a bias.
  @Parameter public var bias: Tensor?

  /// - Parameters:
  ///   - numGroups: must divide the number of channels.
  ///   - numChannels: the size of dimension 1.
  public init(
    _ numGroups: Int, _ numChannels: Int, eps: Double = 1e-5, affine: Bool = true,
    bias: Bool = true, dtype: DType? = nil
  ) {
    self.numGroups = numGroups
    self.numChannels = numChannels
    self.eps = eps
    self.affine = affine
    weight = affine ? Tensor.ones([numChannels], dtype: dtype) : nil
    self.bias = affine && bias ? Tensor.zeros([numChannels], dtype: dtype) : nil
    super.init()
    if numGroups <= 0 || numChannels % numGroups != 0 {
      misuse(
        "GroupNorm: num_channels (\(numChannels)) must be divisible by num_groups (\(numGroups))",
        else: ())
    }
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.groupNorm(numGroups, weight: weight, bias: bias, eps: eps)
  }

  public override var extraDescription: String {
    "\(numGroups), \(numChannels), eps=\(eps.python), affine=\(affine.python), "
      + "bias=\((bias != nil).python)"
  }
}

/// Divides each element by a power of the mean square of its neighbours among the channels
/// (Krizhevsky et al. 2012): x / (k + alpha · mean(x²))^beta.
///
///     LocalResponseNorm(2)(Tensor.randn([32, 5, 24, 24])).shape   // [32, 5, 24, 24]
public final class LocalResponseNorm: Module {
  /// The number of channels of a mean.
  public let size: Int
  /// The constants of x / (k + alpha · mean(x²))^beta.
  public let alpha, beta, k: Double

  /// - Parameters:
  ///   - size: the number of channels of a mean, the element's own among them; zeros stand beyond the ends.
  ///   - alpha: the factor of the mean square.
  ///   - beta: the exponent.
  ///   - k: what is added, so that nothing is divided by 0.
  public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
    super.init()
  }

  public func forward(_ x: Tensor) -> Tensor {
    let shape = x.shape
    guard shape.count >= 3 else {
      return misuse(
        "LocalResponseNorm: Expected 3D or higher dimensionality input (got \(shape.count) dimensions)"
      )
    }
    if shape.contains(0) { return x }
    let rest = shape.dropFirst(2).reduce(1, *)
    // Channels become the second to last dimension, over which a window slides.
    let squares = (x * x).reshape([shape[0], 1, shape[1], rest])
      .pad([0, 0, size / 2, (size - 1) / 2])
      .avgPool2d(kernelSize: [size, 1], stride: 1).reshape(shape)
    return x / (squares * alpha + k).pow(beta)
  }

  public override var extraDescription: String {
    "\(size), alpha=\(alpha), beta=\(beta), k=\(k)"
  }
}

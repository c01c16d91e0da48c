import KobaiOperators
import KobaiTensor

// What `torch.nn.init` has, as methods: `layer.weight.kaimingUniform_()`. Nothing is recorded, so that they
// may be called on parameters; with the same generator they give PyTorch's numbers.

/// Which dimension's size keeps its variance under `kaiming…_`.
public enum FanMode: String, Sendable, CaseIterable {
  /// The inputs of an output: the size of forward values is kept.
  case fanIn = "fan_in"
  /// The outputs of an input: the size of gradients is kept.
  case fanOut = "fan_out"
}

/// The function that follows a layer, for the gain of its initial weights.
public enum Nonlinearity: Sendable, Hashable {
  case linear, sigmoid, tanh, relu, selu
  case leakyReLU(negativeSlope: Double = 0.01)

  /// What PyTorch's `calculate_gain` gives.
  ///
  ///     Nonlinearity.relu.gain   // 1.4142135623730951
  public var gain: Double {
    switch self {
    case .linear, .sigmoid: 1
    case .tanh: 5 / 3
    case .relu: 2.0.squareRoot()
    case .selu: 0.75
    case .leakyReLU(let slope): (2 / (1 + slope * slope)).squareRoot()
    }
  }
}

extension Tensor {
  /// The numbers of inputs and outputs of a weight [out, in, kernel…].
  ///
  ///     Tensor.zeros([32, 16, 3, 3]).fans   // (fanIn: 144, fanOut: 288)
  ///
  /// - Precondition: at least two dimensions.
  public var fans: (fanIn: Int, fanOut: Int) {
    guard rank >= 2 else {
      return misuse(
        "fans: fan in and fan out can not be computed for tensor with fewer than 2 dimensions, but its "
          + "shape is \(shape)", else: (1, 1))
    }
    let field = shape.dropFirst(2).reduce(1, *)
    return (shape[1] * field, shape[0] * field)
  }

  /// Uniform numbers that keep the variance of a layer's values (He et al. 2015): bound
  /// gain · √(3 / fan), where `a` is the slope of a leaky ReLU.
  public mutating func kaimingUniform_(
    a: Double = 0, mode: FanMode = .fanIn, nonlinearity: Nonlinearity? = nil,
    generator: Generator? = nil
  ) {
    guard count > 0 else { return }
    let bound = 3.0.squareRoot() * kaimingDeviation(a, mode, nonlinearity)
    noGrad { uniform_(from: -bound, to: bound, generator: generator) }
  }

  /// Normal numbers that keep the variance of a layer's values (He et al. 2015): deviation gain / √fan.
  public mutating func kaimingNormal_(
    a: Double = 0, mode: FanMode = .fanIn, nonlinearity: Nonlinearity? = nil,
    generator: Generator? = nil
  ) {
    guard count > 0 else { return }
    let deviation = kaimingDeviation(a, mode, nonlinearity)
    noGrad { normal_(mean: 0, std: deviation, generator: generator) }
  }

  private func kaimingDeviation(_ a: Double, _ mode: FanMode, _ nonlinearity: Nonlinearity?)
    -> Double
  {
    let (fanIn, fanOut) = fans
    let gain = (nonlinearity ?? .leakyReLU(negativeSlope: a)).gain
    return gain / Double(mode == .fanIn ? fanIn : fanOut).squareRoot()
  }

  /// Uniform numbers that keep the variance forward and backward (Glorot & Bengio 2010): bound
  /// gain · √(6 / (fanIn + fanOut)).
  public mutating func xavierUniform_(gain: Double = 1, generator: Generator? = nil) {
    let (fanIn, fanOut) = fans
    let deviation = gain * (2 / Double(fanIn + fanOut)).squareRoot()
    let bound = 3.0.squareRoot() * deviation
    noGrad { uniform_(from: -bound, to: bound, generator: generator) }
  }

  /// Normal numbers that keep the variance forward and backward (Glorot & Bengio 2010): deviation
  /// gain · √(2 / (fanIn + fanOut)).
  public mutating func xavierNormal_(gain: Double = 1, generator: Generator? = nil) {
    let (fanIn, fanOut) = fans
    let deviation = gain * (2 / Double(fanIn + fanOut)).squareRoot()
    noGrad { normal_(mean: 0, std: deviation, generator: generator) }
  }

  /// The same number everywhere, as a layer's initial value: `layer.bias?.constant_(0)`.
  public mutating func constant_(_ value: Double) { noGrad { fill_(value) } }

  /// Ones on the diagonal.
  ///
  /// - Precondition: two dimensions.
  public mutating func eye_() {
    guard rank == 2 else {
      return misuse(
        "eye_: only tensors with 2 dimensions are supported, but its shape is \(shape)", else: ())
    }
    let identity = Tensor.eye(shape[0], shape[1], dtype: dtype)
    noGrad { copy_(identity) }
  }

  /// Hands channel c of the input on as channel c of the output, at the kernel's centre.
  ///
  /// - Precondition: 3 to 5 dimensions; the number of outputs is divisible by `groups`.
  public mutating func dirac_(groups: Int = 1) {
    guard (3...5).contains(rank), shape[0] % groups == 0 else {
      return misuse(
        "dirac_: only tensors with 3, 4, or 5 dimensions whose first is divisible by groups are "
          + "supported, but its shape is \(shape) and groups is \(groups)", else: ())
    }
    let perGroup = shape[0] / groups
    var result = Tensor.zeros(shape, dtype: dtype)
    let centre = shape.dropFirst(2).map { ($0 / 2).indexItem }
    for group in 0..<groups {
      for channel in 0..<Swift.min(perGroup, shape[1]) {
        result[[(group * perGroup + channel).indexItem, channel.indexItem] + centre] = 1
      }
    }
    noGrad { copy_(result) }
  }
}

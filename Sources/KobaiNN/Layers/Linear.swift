import KobaiOperators
import KobaiTensor

/// y = x Wᵀ + b along the last dimension.
///
///     let layer = Linear(20, 30)
///     layer(Tensor.randn([128, 20])).shape   // [128, 30]
///
/// State: `weight` [out, in] and `bias` [out], both uniform in ±1/√in at first, PyTorch's numbers for a
/// seed. See [torch.nn.Linear](https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html).
public final class Linear: Module {
  /// The sizes of the last dimension of input and output.
  public let inFeatures, outFeatures: Int
  /// [outFeatures, inFeatures].
  @Parameter public var weight: Tensor
  /// [outFeatures]; nil without a bias.
  @Parameter public var bias: Tensor?

  /// - Parameters:
  ///   - inFeatures: the size of the input's last dimension.
  ///   - outFeatures: the size of the output's last dimension.
  ///   - bias: whether there is one.
  ///   - dtype: of the parameters; the default one unless given.
  public init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool = true, dtype: DType? = nil) {
    self.inFeatures = inFeatures
    self.outFeatures = outFeatures
    weight = Tensor.empty([outFeatures, inFeatures], dtype: dtype)
    self.bias = bias ? Tensor.empty([outFeatures], dtype: dtype) : nil
    super.init()
    resetParameters()
  }

  /// New initial values from the default generator.
  public func resetParameters() {
    weight.kaimingUniform_(a: 5.0.squareRoot())
    bias?.uniformInFan_(inFeatures)
  }

  public func forward(_ x: Tensor) -> Tensor { linear(x, weight: weight, bias: bias) }

  public override var extraDescription: String {
    "in_features=\(inFeatures), out_features=\(outFeatures), bias=\((bias != nil).python)"
  }
}

/// y = x₁ᵀ A x₂ + b for each output, along the last dimensions.
///
///     let layer = Bilinear(20, 30, 40)
///     layer(Tensor.randn([128, 20]), Tensor.randn([128, 30])).shape   // [128, 40]
///
/// State: `weight` [out, in₁, in₂] and `bias` [out], both uniform in ±1/√in₁ at first.
public final class Bilinear: Module2 {
  /// The sizes of the last dimensions of the two inputs and of the output.
  public let in1Features, in2Features, outFeatures: Int
  /// [outFeatures, in1Features, in2Features].
  @Parameter public var weight: Tensor
  /// [outFeatures]; nil without a bias.
  @Parameter public var bias: Tensor?

  /// - Parameters:
  ///   - in1Features: the size of the first input's last dimension.
  ///   - in2Features: the size of the second input's last dimension.
  ///   - outFeatures: the size of the output's last dimension.
  ///   - bias: whether there is one.
  ///   - dtype: of the parameters; the default one unless given.
  public init(
    _ in1Features: Int, _ in2Features: Int, _ outFeatures: Int, bias: Bool = true,
    dtype: DType? = nil
  ) {
    if in1Features <= 0 {
      misuse("Bilinear: in1_features must be > 0, but got \(in1Features)", else: ())
    }
    self.in1Features = in1Features
    self.in2Features = in2Features
    self.outFeatures = outFeatures
    weight = Tensor.empty([outFeatures, in1Features, in2Features], dtype: dtype)
    self.bias = bias ? Tensor.empty([outFeatures], dtype: dtype) : nil
    super.init()
    weight.uniformInFan_(in1Features)
    self.bias?.uniformInFan_(in1Features)
  }

  public func forward(_ x1: Tensor, _ x2: Tensor) -> Tensor {
    let y = einsum("...i,oij,...j->...o", x1, weight, x2)
    return bias.map { y + $0 } ?? y
  }

  public override var extraDescription: String {
    "in1_features=\(in1Features), in2_features=\(in2Features), out_features=\(outFeatures), "
      + "bias=\((bias != nil).python)"
  }
}

/// Hands its input on.
public final class Identity: Module {
  public func forward(_ x: Tensor) -> Tensor { x }
}

extension Tensor {
  /// Uniform in ±1/√fan, what most layers' biases begin with.
  mutating func uniformInFan_(_ fan: Int) {
    let bound = fan > 0 ? 1 / Double(fan).squareRoot() : 0
    noGrad { uniform_(from: -bound, to: bound) }
  }
}

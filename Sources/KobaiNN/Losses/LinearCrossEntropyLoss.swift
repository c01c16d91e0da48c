import KobaiOperators
import KobaiTensor

/// The cross entropy of logits that a linear layer of its own makes.
///
///     let loss = LinearCrossEntropyLoss(64, 10)
///     loss(Tensor.randn([32, 64]), Tensor.randint(10, [32])).shape   // []
///
/// State: `linear`, and `weight` where there is one.
public final class LinearCrossEntropyLoss: Module2 {
  /// The number of classes C.
  public let numClasses: Int
  /// The dimensions d₁, … of the logits after the classes: [N, C, d₁, …].
  public let outFeatures: [Int]
  /// The class that contributes nothing; nil for none.
  public let ignoreIndex: Int?
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction
  /// How much of a target is spread evenly over all classes.
  public let labelSmoothing: Double
  /// [C], a factor for each class.
  @Buffer public var weight: Tensor?
  /// What makes the logits: its weight is [C · d₁ · …, inFeatures].
  public let linear: Linear

  /// - Parameters:
  ///   - outFeatures: the dimensions of the logits after the classes: [N, C, d₁, …].
  ///   - weight: [C], a factor for each class.
  ///   - ignoreIndex: a class that contributes nothing.
  ///   - labelSmoothing: in 0 ... 1.
  public init(
    _ inFeatures: Int, _ numClasses: Int, outFeatures: [Int] = [], bias: Bool = false,
    reduction: LossReduction = .mean, weight: Tensor? = nil, ignoreIndex: Int? = nil,
    labelSmoothing: Double = 0, dtype: DType? = nil
  ) {
    self.numClasses = numClasses
    self.outFeatures = outFeatures
    self.ignoreIndex = ignoreIndex
    self.reduction = reduction
    self.labelSmoothing = labelSmoothing
    self.weight = weight
    linear = Linear(
      inFeatures, outFeatures.reduce(numClasses, *), bias: bias, dtype: dtype)
    super.init()
    if let weight, weight.shape != [numClasses] {
      misuse(
        "LinearCrossEntropyLoss: expected weight shape to be (\(numClasses),), got \(weight.shape)",
        else: ())
    }
    if !(0...1).contains(labelSmoothing) {
      misuse(
        "LinearCrossEntropyLoss: expected label_smoothing to be in range [0, 1], got \(labelSmoothing)",
        else: ())
    }
  }

  public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
    let shape = [numClasses] + outFeatures
    return linearCrossEntropy(
      input, linearWeight: linear.weight.reshape(shape + [linear.inFeatures]), target,
      linearBias: linear.bias?.reshape(shape), weight: weight, reduction: reduction,
      ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing)
  }
}

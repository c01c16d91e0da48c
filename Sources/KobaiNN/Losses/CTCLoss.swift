import KobaiOperators
import KobaiTensor

/// The connectionist temporal classification loss (Graves et al., 2006) between log probabilities of steps
/// and target sequences without alignment.
///
///     let loss = CTCLoss()
///     let logProbs = Tensor.randn([50, 16, 20]).logSoftmax(dim: 2)
///     let targets = Tensor.randint(1, 20, [16, 30])
///     loss(logProbs, targets, inputLengths: [Int](repeating: 50, count: 16),
///       targetLengths: [Int](repeating: 20, count: 16))
public final class CTCLoss: ModuleBase {
  /// The class that stands for no label.
  public let blank: Int
  /// What becomes of the losses of all examples: their mean, their sum, or themselves.
  public let reduction: LossReduction
  /// Whether the infinite loss of a target that is too long counts as 0.
  public let zeroInfinity: Bool

  /// - Parameters:
  ///   - blank: the class that stands for no label.
  ///   - reduction: `.mean` divides each loss by its target's length.
  ///   - zeroInfinity: 0 in place of the infinite loss of a target that is too long.
  public init(blank: Int = 0, reduction: LossReduction = .mean, zeroInfinity: Bool = false) {
    self.blank = blank
    self.reduction = reduction
    self.zeroInfinity = zeroInfinity
    super.init()
  }

  /// - Parameters:
  ///   - logProbs: [T, N, C] or [T, C].
  ///   - targets: classes [N, S], or all after one another, [Σ lengths].
  ///   - inputLengths, targetLengths: of each example.
  public func callAsFunction(
    _ logProbs: Tensor, _ targets: Tensor, inputLengths: [Int], targetLengths: [Int]
  ) -> Tensor {
    scoped {
      ctcLoss(
        logProbs, targets, inputLengths: inputLengths, targetLengths: targetLengths, blank: blank,
        reduction: reduction, zeroInfinity: zeroInfinity)
    }
  }
}

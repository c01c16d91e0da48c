import KobaiTensor

/// What a loss makes of its elements.
public enum LossReduction: String, Sendable, CaseIterable {
  /// All of them.
  case none
  /// Their mean, or what the loss's documentation says that it divides by.
  case mean
  case sum
}

extension Tensor {
  /// The elements of a loss reduced.
  func reduced(_ reduction: LossReduction) -> Tensor {
    switch reduction {
    case .none: self
    case .mean: mean()
    case .sum: sum()
    }
  }

  /// In float32 if the dtype has 16 bits: losses then round once, at their end.
  var widened: Tensor { dtype == .float16 || dtype == .bfloat16 ? to(.float32) : self }
}

/// Prediction and target of an elementwise loss in one shape, half types in float32.
struct LossOperands {
  let x, y: Tensor
  let dtype: DType
  let name: String

  /// nil after a misuse. Shapes broadcast.
  init?(_ name: String, _ input: Tensor, _ target: Tensor) {
    guard Operands.broadcastShape(name, [input.shape, target.shape]) != nil else { return nil }
    dtype = Operands.resultType([input, target])
    (x, y) = (input.widened, target.widened)
    self.name = name
  }

  /// The loss from that of each element: weighted, reduced, in the operands' dtype.
  func finish(
    _ elements: Tensor, _ reduction: LossReduction, weight: Tensor?, of input: Tensor,
    dividingByWeight: Bool = true
  ) -> Tensor {
    // A complex loss has a real value.
    let result = dtype.isComplex ? dtype.real : dtype
    guard let weight else { return elements.reduced(reduction).to(elements.dtype, orHalf: result) }
    guard weight.shape == input.shape else {
      return misuse(
        "\(name): Weights and input must have the same size, but their shapes are \(weight.shape) and "
          + "\(input.shape)")
    }
    let weighted = elements * weight.widened
    let loss =
      reduction == .mean && dividingByWeight
      ? weighted.sum() / weight.widened.sum() : weighted.reduced(reduction)
    return loss.to(loss.dtype, orHalf: result)
  }
}

extension Tensor {
  /// In `half` if that has 16 bits, else in `dtype`.
  func to(_ dtype: DType, orHalf half: DType) -> Tensor {
    to(half == .float16 || half == .bfloat16 ? half : dtype)
  }
}

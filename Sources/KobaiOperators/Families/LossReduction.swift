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

  /// In float32 if the dtype has 16 bits: what is computed from it rounds once, at its end.
  var widened: Tensor { dtype == .float16 || dtype == .bfloat16 ? to(.float32) : self }
}

/// Prediction and target of an elementwise loss, which broadcast.
///
/// Losses made of several operations round half types after each of them, as PyTorch's do.
struct LossOperands {
  let x, y: Tensor
  let name: String

  /// nil after a misuse. Shapes broadcast.
  init?(_ name: String, _ input: Tensor, _ target: Tensor) {
    guard Operands.broadcastShape(name, [input.shape, target.shape]) != nil else { return nil }
    (x, y) = (input, target)
    self.name = name
  }

  /// The loss from that of each element: weighted and reduced.
  func finish(
    _ elements: Tensor, _ reduction: LossReduction, weight: Tensor?, of input: Tensor,
    dividingByWeight: Bool = true
  ) -> Tensor {
    guard let weight else { return elements.reduced(reduction) }
    guard weight.shape == input.shape else {
      return misuse(
        "\(name): Weights and input must have the same size, but their shapes are \(weight.shape) and "
          + "\(input.shape)")
    }
    let weighted = elements * weight
    return reduction == .mean && dividingByWeight
      ? weighted.sum() / weight.sum() : weighted.reduced(reduction)
  }
}

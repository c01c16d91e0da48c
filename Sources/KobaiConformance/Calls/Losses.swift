import Kobai
import KobaiTensor

extension Arguments {
  /// How a loss combines its elements.
  func reduction() throws -> LossReduction {
    try option("reduction", default: .mean, ["none": .none, "mean": .mean, "sum": .sum])
  }
}

extension Registry {
  mutating func addLosses() {
    tensor("torch.nn.functional.mse_loss", "input", "target") { a in
      try mseLoss(
        a.tensor("input"), a.tensor("target"), reduction: a.reduction(),
        weight: a.optionalTensor("weight"))
    }
    tensor("torch.nn.functional.l1_loss", "input", "target") { a in
      try l1Loss(
        a.tensor("input"), a.tensor("target"), reduction: a.reduction(),
        weight: a.optionalTensor("weight"))
    }
    tensor("torch.nn.functional.smooth_l1_loss", "input", "target") { a in
      try smoothL1Loss(
        a.tensor("input"), a.tensor("target"), reduction: a.reduction(),
        beta: a.double("beta", default: 1))
    }
    tensor("torch.nn.functional.huber_loss", "input", "target") { a in
      try huberLoss(
        a.tensor("input"), a.tensor("target"), reduction: a.reduction(),
        delta: a.double("delta", default: 1))
    }
    tensor("torch.nn.functional.nll_loss", "input", "target", "weight") { a in
      try nllLoss(
        a.tensor("input"), a.tensor("target"), weight: a.optionalTensor("weight"),
        ignoreIndex: a.int("ignore_index", default: -100), reduction: a.reduction())
    }
    tensor("torch.nn.functional.cross_entropy", "input", "target", "weight") { a in
      try crossEntropy(
        a.tensor("input"), a.tensor("target"), weight: a.optionalTensor("weight"),
        ignoreIndex: a.int("ignore_index", default: -100), reduction: a.reduction(),
        labelSmoothing: a.double("label_smoothing", default: 0))
    }
    tensor("torch.nn.functional.binary_cross_entropy", "input", "target", "weight") { a in
      try binaryCrossEntropy(
        a.tensor("input"), a.tensor("target"), weight: a.optionalTensor("weight"),
        reduction: a.reduction())
    }
    tensor(
      "torch.nn.functional.binary_cross_entropy_with_logits", "input", "target", "weight"
    ) { a in
      try binaryCrossEntropyWithLogits(
        a.tensor("input"), a.tensor("target"), weight: a.optionalTensor("weight"),
        reduction: a.reduction(), posWeight: a.optionalTensor("pos_weight"))
    }
  }
}

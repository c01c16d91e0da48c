import Kobai
import Testing

/// All optimizers whose step needs no closure, with options that use every state they can keep.
struct Kind: Sendable, CustomTestStringConvertible {
  let name: String
  let make: @Sendable ([Tensor]) -> Optimizer
  var testDescription: String { name }

  static let all: [Kind] = [
    Kind(name: "SGD") { SGD($0, lr: 0.1) },
    Kind(name: "SGD with momentum") {
      SGD($0, lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.01)
    },
    Kind(name: "SGD with Nesterov momentum") { SGD($0, lr: 0.1, momentum: 0.9, nesterov: true) },
    Kind(name: "Adam") { Adam($0, lr: 0.01, weightDecay: 0.1) },
    Kind(name: "Adam with amsgrad") { Adam($0, lr: 0.01, amsgrad: true, maximize: true) },
    Kind(name: "AdamW") { AdamW($0, lr: 0.01) },
    Kind(name: "RMSprop") { RMSprop($0, lr: 0.01, momentum: 0.5, centered: true) },
    Kind(name: "RMSprop, centered") { RMSprop($0, lr: 0.01, centered: true) },
    Kind(name: "Adadelta") { Adadelta($0, weightDecay: 0.1) },
    Kind(name: "Adagrad") { Adagrad($0, lrDecay: 0.1, initialAccumulatorValue: 0.25) },
    Kind(name: "Adamax") { Adamax($0, weightDecay: 0.1) },
    Kind(name: "NAdam") { NAdam($0, weightDecay: 0.1, decoupledWeightDecay: true) },
    Kind(name: "RAdam") { RAdam($0, betas: (0.9, 0.9)) },
    Kind(name: "Rprop") { Rprop($0, lr: 0.0078125) },
    Kind(name: "ASGD") { ASGD($0, t0: 2) },
  ]

  /// Optimizers that are written in tensor operations; for matrices of reals.
  static let composed: [Kind] = [
    Kind(name: "SparseAdam") { SparseAdam($0) },
    Kind(name: "Adafactor") { Adafactor($0, weightDecay: 0.1) },
    Kind(name: "Muon") { Muon($0) },
  ]
}

/// Live tensors of these values.
func live(_ tensors: [Tensor]) -> [Tensor] { tensors.map { $0.asState(requiresGrad: true) } }

/// Numbers that repeat: a gradient for each parameter and step.
func gradient(like tensor: Tensor, step: Int) -> Tensor {
  Tensor.randn(like: tensor.data, generator: Generator(seed: 100 + step))
}

/// So many steps with given gradients.
func train(_ optimizer: Optimizer, _ parameters: [Tensor], steps: Range<Int>) {
  for step in steps {
    for parameter in parameters { parameter.grad = gradient(like: parameter, step: step) }
    optimizer.step()
  }
}

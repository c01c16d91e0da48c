import Kobai
import KobaiTensor

extension Registry {
  mutating func addActivations() {
    activation("relu", inPlace: { x, _ in x.relu_() }) { x, _ in x.relu() }
    activation("relu6", inPlace: { x, _ in x.relu6_() }) { x, _ in x.relu6() }
    activation("silu", inPlace: { x, _ in x.silu_() }) { x, _ in x.silu() }
    activation("mish", inPlace: { x, _ in x.mish_() }) { x, _ in x.mish() }
    activation("selu", inPlace: { x, _ in x.selu_() }) { x, _ in x.selu() }
    activation("hardswish", inPlace: { x, _ in x.hardswish_() }) { x, _ in x.hardswish() }
    activation("hardsigmoid", inPlace: { x, _ in x.hardsigmoid_() }) { x, _ in x.hardsigmoid() }
    activation("tanhshrink") { x, _ in x.tanhshrink() }
    activation("softsign") { x, _ in x.softsign() }
    activation("logsigmoid") { x, _ in x.logSigmoid() }
    activation(
      "leaky_relu", "negative_slope",
      inPlace: { x, a in
        x.leakyRelu_(negativeSlope: try a.double("negative_slope", default: 0.01))
      }
    ) { x, a in
      x.leakyRelu(negativeSlope: try a.double("negative_slope", default: 0.01))
    }
    activation(
      "elu", "alpha", inPlace: { x, a in x.elu_(alpha: try a.double("alpha", default: 1)) }
    ) { x, a in x.elu(alpha: try a.double("alpha", default: 1)) }
    activation(
      "celu", "alpha", inPlace: { x, a in x.celu_(alpha: try a.double("alpha", default: 1)) }
    ) { x, a in x.celu(alpha: try a.double("alpha", default: 1)) }
    activation("hardtanh", "min_val", "max_val") { x, a in
      x.hardtanh(
        minVal: try a.double("min_val", default: -1), maxVal: try a.double("max_val", default: 1))
    }
    activation("softplus", "beta", "threshold") { x, a in
      x.softplus(
        beta: try a.double("beta", default: 1), threshold: try a.double("threshold", default: 20))
    }
    activation("gelu") { x, a in
      x.gelu(
        approximate: try a.option("approximate", default: .none, ["none": .none, "tanh": .tanh]))
    }
    softmax("torch.softmax") { x, dim, dtype in x.softmax(dim: dim, dtype: dtype) }
    softmax("torch.nn.functional.softmax") { x, dim, dtype in x.softmax(dim: dim, dtype: dtype) }
    softmax("torch.log_softmax") { x, dim, dtype in x.logSoftmax(dim: dim, dtype: dtype) }
    softmax("torch.nn.functional.log_softmax") { x, dim, dtype in
      x.logSoftmax(dim: dim, dtype: dtype)
    }
    softmax("torch.nn.functional.softmin") { x, dim, dtype in (-x).softmax(dim: dim, dtype: dtype) }
  }

  /// A call of `torch.nn.functional`; its `inplace` is a matter of memory alone.
  private mutating func activation(
    _ name: String, _ parameters: String...,
    inPlace: (@Sendable (inout Tensor, Arguments) throws -> Void)? = nil,
    body: @escaping @Sendable (Tensor, Arguments) throws -> Tensor
  ) {
    var update: (@Sendable (Arguments) throws -> Output)?
    if let inPlace {
      update = { a in
        _ = try a.bool("inplace", default: false)
        return .tensor(try a.updated("input") { x in try inPlace(&x, a) })
      }
    }
    add(
      "torch.nn.functional.\(name)", parameters: ["input"] + parameters + ["inplace"],
      inPlace: update
    ) { a in
      _ = try a.bool("inplace", default: false)
      return .tensor(try body(a.tensor("input"), a))
    }
  }

  private mutating func softmax(
    _ name: String, _ body: @escaping @Sendable (Tensor, Int, DType?) -> Tensor
  ) {
    tensor(name, "input", "dim") { a in
      body(try a.tensor("input"), try a.int("dim"), try a.optionalDType("dtype"))
    }
  }
}

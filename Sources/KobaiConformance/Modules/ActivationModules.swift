import Kobai

extension ModuleRegistry {
  mutating func addActivations() {
    activation("ReLU") { _ in ReLU() }
    activation("ReLU6") { _ in ReLU6() }
    activation("SELU") { _ in SELU() }
    activation("SiLU") { _ in SiLU() }
    activation("Mish") { _ in Mish() }
    activation("Sigmoid") { _ in Sigmoid() }
    activation("Tanh") { _ in Tanh() }
    activation("LogSigmoid") { _ in LogSigmoid() }
    activation("Softsign") { _ in Softsign() }
    activation("Tanhshrink") { _ in Tanhshrink() }
    activation("Hardsigmoid") { _ in Hardsigmoid() }
    activation("Hardswish") { _ in Hardswish() }
    activation("LeakyReLU", "negative_slope") { a in
      LeakyReLU(negativeSlope: try a.double("negative_slope", default: 0.01))
    }
    activation("ELU", "alpha") { a in ELU(alpha: try a.double("alpha", default: 1)) }
    activation("CELU", "alpha") { a in CELU(alpha: try a.double("alpha", default: 1)) }
    activation("Softplus", "beta", "threshold") { a in
      try Softplus(
        beta: a.double("beta", default: 1), threshold: a.double("threshold", default: 20))
    }
    activation("Softshrink", "lambd") { a in
      Softshrink(lambda: try a.double("lambd", default: 0.5))
    }
    activation("Hardshrink", "lambd") { a in
      Hardshrink(lambda: try a.double("lambd", default: 0.5))
    }
    activation("Hardtanh", "min_val", "max_val") { a in
      try Hardtanh(
        minVal: a.double("min_val", default: -1), maxVal: a.double("max_val", default: 1))
    }
    activation("Threshold", "threshold", "value") { a in
      try Threshold(threshold: a.double("threshold"), value: a.double("value"))
    }
    activation("RReLU", "lower", "upper") { a in
      try RReLU(
        lower: a.double("lower", default: 1.0 / 8), upper: a.double("upper", default: 1.0 / 3))
    }
    module("GELU", "approximate") { a in
      GELU(
        approximate: try a.option("approximate", default: .none, ["none": .none, "tanh": .tanh]))
    }
    module("PReLU", "num_parameters", "init") { a in
      try PReLU(
        numParameters: a.int("num_parameters", default: 1),
        initial: a.double("init", default: 0.25))
    }
    module("GLU", "dim") { a in GLU(dim: try a.int("dim", default: -1)) }
    module("Softmax", "dim") { a in Softmax(dim: try a.int("dim")) }
    module("LogSoftmax", "dim") { a in LogSoftmax(dim: try a.int("dim")) }
    module("Softmin", "dim") { a in Softmin(dim: try a.int("dim")) }
    module("Softmax2d") { _ in Softmax2d() }
    activation("Dropout", "p") { a in Dropout(try a.double("p", default: 0.5)) }
    activation("Dropout1d", "p") { a in Dropout1d(try a.double("p", default: 0.5)) }
    activation("Dropout2d", "p") { a in Dropout2d(try a.double("p", default: 0.5)) }
    activation("Dropout3d", "p") { a in Dropout3d(try a.double("p", default: 0.5)) }
    activation("AlphaDropout", "p") { a in AlphaDropout(try a.double("p", default: 0.5)) }
    activation("FeatureAlphaDropout", "p") { a in
      FeatureAlphaDropout(try a.double("p", default: 0.5))
    }
  }

  /// A module whose last parameter is `inplace`, a matter of memory alone.
  private mutating func activation<M: Module>(
    _ name: String, _ parameters: String..., make: @escaping @Sendable (Arguments) throws -> M
  ) where M.Input == Tensor, M.Output == Tensor {
    add(name, parameters + ["inplace"], inputs: ["input"]) { a -> M in
      _ = try a.bool("inplace", default: false)
      return try make(a)
    } call: { module, a in
      .tensor(module(try a.tensor("input")))
    }
  }
}

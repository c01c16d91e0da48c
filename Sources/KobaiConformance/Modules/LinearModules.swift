import Kobai

extension ModuleRegistry {
  mutating func addLinear() {
    module("Linear", "in_features", "out_features", "bias") { a in
      try Linear(a.int("in_features"), a.int("out_features"), bias: a.bool("bias", default: true))
    }
    module2(
      "Bilinear", "in1_features", "in2_features", "out_features", "bias",
      inputs: ("input1", "input2")
    ) { a in
      try Bilinear(
        a.int("in1_features"), a.int("in2_features"), a.int("out_features"),
        bias: a.bool("bias", default: true))
    }
    add("Identity", [], inputs: ["input"]) { a -> Identity in
      // Takes any arguments and ignores them, as in PyTorch.
      a.ignoreAll()
      return Identity()
    } call: { module, a in
      .tensor(module(try a.tensor("input")))
    }
  }
}

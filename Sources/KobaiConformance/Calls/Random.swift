import Kobai
import KobaiTensor

extension Registry {
  mutating func addRandom() {
    tensor("torch.rand", "size") { a in
      try Tensor.rand(a.intsOrRest("size"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.randn", "size") { a in
      try Tensor.randn(a.intsOrRest("size"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.rand_like", "input") { a in
      try Tensor.rand(like: a.tensor("input"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.randn_like", "input") { a in
      try Tensor.randn(like: a.tensor("input"), dtype: a.optionalDType("dtype"))
    }
    // randint(high, size), randint(low, high, size).
    tensor("torch.randint", "low", "high", "size") { a in
      let dtype = try a.optionalDType("dtype") ?? .int64
      guard a.has("size") else {
        return try Tensor.randint(a.int("low"), a.ints("high"), dtype: dtype)
      }
      return try Tensor.randint(
        a.int("low", default: 0), a.int("high"), a.ints("size"), dtype: dtype)
    }
    tensor("torch.randperm", "n") { a in
      try Tensor.randperm(a.int("n"), dtype: a.optionalDType("dtype") ?? .int64)
    }
    tensor("torch.bernoulli", "input", "p") { a in
      let x = try a.tensor("input")
      guard let p = try a.optionalDouble("p") else { return x.bernoulli() }
      return x.bernoulli(p: p)
    }
    tensor("torch.multinomial", "input", "num_samples", "replacement") { a in
      try a.tensor("input").multinomial(
        a.int("num_samples"), replacement: a.bool("replacement", default: false))
    }
    tensor("Tensor.normal_", "self", "mean", "std") { a in
      var x = try a.tensor("self").clone()
      x.normal_(mean: try a.double("mean", default: 0), std: try a.double("std", default: 1))
      return x
    }
    tensor("Tensor.uniform_", "self", "from", "to") { a in
      var x = try a.tensor("self").clone()
      x.uniform_(from: try a.double("from", default: 0), to: try a.double("to", default: 1))
      return x
    }
    tensor("torch.nn.functional.dropout", "input", "p", "training", "inplace") { a in
      _ = try a.bool("inplace", default: false)
      return try a.tensor("input").dropout(
        p: a.double("p", default: 0.5), training: a.bool("training", default: true))
    }
  }
}

import ComplexModule
import Kobai
import KobaiTensor

extension Arguments {
  /// A Swift number of the argument's own kind.
  func scalar(_ name: String) throws -> any TensorScalar {
    switch value(name) {
    case .int(let value): return value
    case .float(let value): return value
    case .bool(let value): return value
    case .complex(let re, let im): return Complex(re, im)
    default: throw ArgumentTypeMismatch("the parameter \(name) takes a number")
    }
  }
}

extension Registry {
  mutating func addCreation() {
    tensor("torch.zeros", "size") { a in
      try Tensor.zeros(a.intsOrRest("size"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.ones", "size") { a in
      try Tensor.ones(a.intsOrRest("size"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.empty", "size") { a in
      try Tensor.empty(a.intsOrRest("size"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.zeros_like", "input") { a in
      try Tensor.zeros(like: a.tensor("input"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.ones_like", "input") { a in
      try Tensor.ones(like: a.tensor("input"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.empty_like", "input") { a in
      try Tensor.empty(like: a.tensor("input"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.full", "size", "fill_value") { a in
      let value = try a.scalar("fill_value")
      return try Tensor.full(a.ints("size"), value, dtype: a.optionalDType("dtype"))
    }
    tensor("torch.full_like", "input", "fill_value") { a in
      let value = try a.scalar("fill_value")
      return try Tensor.full(like: a.tensor("input"), value, dtype: a.optionalDType("dtype"))
    }
    tensor("Tensor.new_zeros", "self", "size") { a in
      try Tensor.zeros(
        a.intsOrRest("size"), dtype: a.optionalDType("dtype") ?? a.tensor("self").dtype)
    }
    tensor("Tensor.new_ones", "self", "size") { a in
      try Tensor.ones(
        a.intsOrRest("size"), dtype: a.optionalDType("dtype") ?? a.tensor("self").dtype)
    }
    tensor("Tensor.new_full", "self", "size", "fill_value") { a in
      let (x, value) = (try a.tensor("self"), try a.scalar("fill_value"))
      return try Tensor.full(a.ints("size"), value, dtype: a.optionalDType("dtype") ?? x.dtype)
    }
    tensor("torch.zero_", "input", inPlace: { a in try a.updated("input") { $0.zero_() } }) { a in
      // Of a result: a leaf that requires grad refuses.
      var x = try a.tensor("input").clone()
      x.zero_()
      return x
    }
    // arange(end), arange(start, end), arange(start, end, step).
    tensor("torch.arange", "start", "end", "step") { a in
      let dtype = try a.optionalDType("dtype")
      if !a.has("end") { return Tensor.arange(try a.scalar("start"), dtype: dtype) }
      let start: any TensorScalar = a.has("start") ? try a.scalar("start") : 0
      let step: any TensorScalar = a.has("step") ? try a.scalar("step") : 1
      return Tensor.arange(start, try a.scalar("end"), step, dtype: dtype)
    }
    tensor("torch.linspace", "start", "end", "steps") { a in
      try Tensor.linspace(
        a.double("start"), a.double("end"), steps: a.int("steps"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.eye", "n", "m") { a in
      try Tensor.eye(a.int("n"), a.optionalInt("m"), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.nn.functional.one_hot", "input", "num_classes") { a in
      try a.tensor("input").oneHot(numClasses: a.int("num_classes", default: -1))
    }
  }
}

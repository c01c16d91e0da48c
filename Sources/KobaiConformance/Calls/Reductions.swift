import Kobai
import KobaiTensor

extension Registry {
  mutating func addReductions() {
    addSums()
    addExtremes()
    addSpreads()
    addScans()
    addSorting()
  }

  private mutating func addSums() {
    tensor("torch.sum", "input", "dim", "keepdim") { a in
      try a.tensor("input").sum(
        dims: a.optionalIntOrInts("dim"), keepDim: a.bool("keepdim", default: false),
        dtype: a.optionalDType("dtype"))
    }
    tensor("torch.mean", "input", "dim", "keepdim") { a in
      try a.tensor("input").mean(
        dims: a.optionalIntOrInts("dim"), keepDim: a.bool("keepdim", default: false),
        dtype: a.optionalDType("dtype"))
    }
    tensor("torch.logsumexp", "input", "dim", "keepdim") { a in
      try a.tensor("input").logsumexp(
        dims: a.intOrInts("dim"), keepDim: a.bool("keepdim", default: false))
    }
    tensor("torch.all", "input", "dim", "keepdim") { a in
      try a.tensor("input").all(
        dims: a.optionalIntOrInts("dim"), keepDim: a.bool("keepdim", default: false))
    }
    tensor("torch.any", "input", "dim", "keepdim") { a in
      try a.tensor("input").any(
        dims: a.optionalIntOrInts("dim"), keepDim: a.bool("keepdim", default: false))
    }
    tensor("torch.count_nonzero", "input", "dim") { a in
      try a.tensor("input").countNonzero(dims: a.optionalIntOrInts("dim"))
    }
    tensor("torch.norm", "input", "p", "dim", "keepdim") { a in
      try a.tensor("input").norm(
        Self.order(a, "p"), dims: a.optionalIntOrInts("dim"),
        keepDim: a.bool("keepdim", default: false), dtype: a.optionalDType("dtype"))
    }
    tensor("torch.linalg.vector_norm", "input", "ord", "dim", "keepdim") { a in
      try a.tensor("input").norm(
        a.double("ord", default: 2), dims: a.optionalIntOrInts("dim"),
        keepDim: a.bool("keepdim", default: false), dtype: a.optionalDType("dtype"))
    }
  }

  /// The order of a norm; "fro" is that of the vector of all elements.
  private static func order(_ a: Arguments, _ name: String) throws -> Double {
    guard case .string(let text)? = a.value(name) else { return try a.double(name, default: 2) }
    guard text == "fro" else { throw Unsupported("torch.norm: p \"\(text)\"") }
    return 2
  }

  private mutating func addExtremes() {
    // max(x), max(x, dim) with indices, max(x, other).
    call("torch.max", "input", "dim", "keepdim") { a in
      let x = try a.tensor("input")
      if a.isTensor("dim") { return .tensor(x.maximum(try a.tensor("dim"))) }
      if a.has("other") { return .tensor(x.maximum(try a.tensor("other"))) }
      guard let dim = try a.optionalInt("dim") else { return .tensor(x.max()) }
      let result = x.max(dim: dim, keepDim: try a.bool("keepdim", default: false))
      return .tuple([.tensor(result.values), .tensor(result.indices)])
    }
    call("torch.min", "input", "dim", "keepdim") { a in
      let x = try a.tensor("input")
      if a.isTensor("dim") { return .tensor(x.minimum(try a.tensor("dim"))) }
      if a.has("other") { return .tensor(x.minimum(try a.tensor("other"))) }
      guard let dim = try a.optionalInt("dim") else { return .tensor(x.min()) }
      let result = x.min(dim: dim, keepDim: try a.bool("keepdim", default: false))
      return .tuple([.tensor(result.values), .tensor(result.indices)])
    }
    tensor("torch.amax", "input", "dim", "keepdim") { a in
      try a.tensor("input").amax(
        dims: a.optionalIntOrInts("dim"), keepDim: a.bool("keepdim", default: false))
    }
    tensor("torch.amin", "input", "dim", "keepdim") { a in
      try a.tensor("input").amin(
        dims: a.optionalIntOrInts("dim"), keepDim: a.bool("keepdim", default: false))
    }
    tensor("torch.argmax", "input", "dim", "keepdim") { a in
      try a.tensor("input").argmax(
        dim: a.optionalInt("dim"), keepDim: a.bool("keepdim", default: false))
    }
    tensor("torch.argmin", "input", "dim", "keepdim") { a in
      try a.tensor("input").argmin(
        dim: a.optionalInt("dim"), keepDim: a.bool("keepdim", default: false))
    }
  }

  /// What is subtracted from the count: `correction`, or 0 for `unbiased=False`.
  private static func correction(_ a: Arguments) throws -> Double {
    let unbiased = try a.optionalBool("unbiased")
    return try a.double("correction", default: unbiased == false ? 0 : 1)
  }

  private mutating func addSpreads() {
    tensor("torch.var", "input", "dim", "unbiased", "keepdim") { a in
      try a.tensor("input").`var`(
        dims: a.optionalIntOrInts("dim"), correction: Self.correction(a),
        keepDim: a.bool("keepdim", default: false))
    }
    tensor("torch.std", "input", "dim", "unbiased", "keepdim") { a in
      try a.tensor("input").std(
        dims: a.optionalIntOrInts("dim"), correction: Self.correction(a),
        keepDim: a.bool("keepdim", default: false))
    }
  }

  private mutating func addScans() {
    tensor(
      "torch.cumsum", "input", "dim",
      inPlace: { a in
        let (dim, dtype) = (try a.int("dim"), try a.optionalDType("dtype"))
        return try a.updated("input") { $0.cumsum_(dim: dim, dtype: dtype) }
      }
    ) { a in
      try a.tensor("input").cumsum(dim: a.int("dim"), dtype: a.optionalDType("dtype"))
    }
    tensors("torch.cummax", "input", "dim") { a in
      let result = try a.tensor("input").cummax(dim: a.int("dim"))
      return [result.values, result.indices]
    }
    tensors("torch.cummin", "input", "dim") { a in
      let result = try a.tensor("input").cummin(dim: a.int("dim"))
      return [result.values, result.indices]
    }
  }

  private mutating func addSorting() {
    tensors("torch.sort", "input", "dim", "descending") { a in
      let result = try a.tensor("input").sort(
        dim: a.int("dim", default: -1), descending: a.bool("descending", default: false),
        stable: a.bool("stable", default: false))
      return [result.values, result.indices]
    }
    tensor("torch.argsort", "input", "dim", "descending") { a in
      try a.tensor("input").argsort(
        dim: a.int("dim", default: -1), descending: a.bool("descending", default: false),
        stable: a.bool("stable", default: false))
    }
    tensors("torch.topk", "input", "k", "dim", "largest", "sorted") { a in
      let result = try a.tensor("input").topk(
        a.int("k"), dim: a.int("dim", default: -1), largest: a.bool("largest", default: true),
        sorted: a.bool("sorted", default: true))
      return [result.values, result.indices]
    }
    tensors("torch.kthvalue", "input", "k", "dim", "keepdim") { a in
      let result = try a.tensor("input").kthvalue(
        a.int("k"), dim: a.int("dim", default: -1), keepDim: a.bool("keepdim", default: false))
      return [result.values, result.indices]
    }
  }
}

import Kobai
import KobaiTensor

extension Registry {
  mutating func addIndexing() {
    tensor("torch.where", "condition", "input", "other") { a in
      try Tensor.where(a.tensor("condition"), a.operand("input"), a.operand("other"))
    }
    tensor(
      "torch.masked_fill", "input", "mask", "value",
      inPlace: { a in
        let (mask, value) = (try a.tensor("mask"), try a.operand("value"))
        return try a.updated("input") { $0.maskedFill_(mask, value) }
      }
    ) { a in
      try a.tensor("input").maskedFill(a.tensor("mask"), a.operand("value"))
    }
    tensor("torch.gather", "input", "dim", "index") { a in
      _ = try a.bool("sparse_grad", default: false)
      return try a.tensor("input").gather(dim: a.int("dim"), index: a.tensor("index"))
    }
    tensor("torch.index_select", "input", "dim", "index") { a in
      try a.tensor("input").indexSelect(dim: a.int("dim"), index: a.tensor("index"))
    }
    tensor(
      "torch.scatter", "input", "dim", "index", "src",
      inPlace: { a in
        let (dim, index, reduction) = (
          try a.int("dim"), try a.tensor("index"), try Self.reduction(a)
        )
        let name = a.has("value") ? "value" : "src"
        if a.isTensor(name) {
          let src = try a.tensor(name)
          return try a.updated("input") {
            $0.scatter_(dim: dim, index: index, src: src, reduce: reduction)
          }
        }
        let value = try a.scalar(name)
        return try a.updated("input") {
          $0.scatter_(dim: dim, index: index, value: value, reduce: reduction)
        }
      }
    ) { a in
      let (x, dim, index) = (try a.tensor("input"), try a.int("dim"), try a.tensor("index"))
      let (name, reduction) = (a.has("value") ? "value" : "src", try Self.reduction(a))
      if a.isTensor(name) {
        return x.scatter(dim: dim, index: index, src: try a.tensor(name), reduce: reduction)
      }
      return x.scatter(dim: dim, index: index, value: try a.scalar(name), reduce: reduction)
    }
    tensor(
      "torch.scatter_add", "input", "dim", "index", "src",
      inPlace: { a in
        let (dim, index, src) = (try a.int("dim"), try a.tensor("index"), try a.tensor("src"))
        return try a.updated("input") { $0.scatterAdd_(dim: dim, index: index, src: src) }
      }
    ) { a in
      try a.tensor("input").scatterAdd(
        dim: a.int("dim"), index: a.tensor("index"), src: a.tensor("src"))
    }
    tensor(
      "torch.index_add", "input", "dim", "index", "source",
      inPlace: { a in
        let (dim, index) = (try a.int("dim"), try a.tensor("index"))
        let source = try a.tensor("source")
        let alpha: any TensorScalar = a.has("alpha") ? try a.scalar("alpha") : 1
        return try a.updated("input") {
          $0.indexAdd_(dim: dim, index: index, source: source, alpha: alpha)
        }
      }
    ) { a in
      let alpha: any TensorScalar = a.has("alpha") ? try a.scalar("alpha") : 1
      return try a.tensor("input").indexAdd(
        dim: a.int("dim"), index: a.tensor("index"), source: a.tensor("source"), alpha: alpha)
    }
    tensor(
      "torch.index_copy", "input", "dim", "index", "source",
      inPlace: { a in
        let (dim, index) = (try a.int("dim"), try a.tensor("index"))
        let source = try a.tensor("source")
        return try a.updated("input") { $0.indexCopy_(dim: dim, index: index, source: source) }
      }
    ) { a in
      try a.tensor("input").indexCopy(
        dim: a.int("dim"), index: a.tensor("index"), source: a.tensor("source"))
    }
    tensor(
      "torch.index_fill", "input", "dim", "index", "value",
      inPlace: { a in
        let (dim, index) = (try a.int("dim"), try a.tensor("index"))
        let value = try a.operand("value")
        return try a.updated("input") { $0.indexFill_(dim: dim, index: index, value: value) }
      }
    ) { a in
      try a.tensor("input").indexFill(
        dim: a.int("dim"), index: a.tensor("index"), value: a.operand("value"))
    }
    tensor(
      "torch.index_put", "self", "indices", "values", "accumulate",
      inPlace: { a in
        let (indices, values) = (try Self.indices(a, "indices"), try a.tensor("values"))
        let accumulate = try a.bool("accumulate", default: false)
        return try a.updated("self") { $0.indexPut_(indices, values, accumulate: accumulate) }
      }
    ) { a in
      try a.tensor("self").indexPut(
        Self.indices(a, "indices"), a.tensor("values"),
        accumulate: a.bool("accumulate", default: false))
    }
    tensor("torch.take_along_dim", "input", "indices", "dim") { a in
      try a.tensor("input").takeAlongDim(a.tensor("indices"), dim: a.optionalInt("dim"))
    }
  }

  /// How `scatter` combines elements; nil: it replaces them.
  private static func reduction(_ a: Arguments) throws -> ScatterReduction? {
    a.has("reduce")
      ? try a.option("reduce", default: .add, ["add": .add, "multiply": .multiply]) : nil
  }

  /// The tensors of an index, nil for a whole dimension.
  private static func indices(_ a: Arguments, _ name: String) throws -> [Tensor?] {
    guard let value = a.value(name) else { return [] }
    switch value {
    case .list(let items), .tuple(let items):
      return try items.map { item in
        switch item {
        case .null: nil
        case .tensor(let reference): try a.tensor(of: reference)
        case .ints(let places): Tensor(places)
        default: throw ArgumentTypeMismatch("an index of \(item.kind)")
        }
      }
    default: throw ArgumentTypeMismatch("an index of \(value.kind)")
    }
  }
}

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
  }

  /// The order of a norm; "fro" is that of the vector of all elements.
  private static func order(_ a: Arguments, _ name: String) throws -> Double {
    guard case .string(let text)? = a.value(name) else { return try a.double(name, default: 2) }
    guard text == "fro" else { throw Unsupported("torch.norm: p \"\(text)\"") }
    return 2
  }

  private mutating func addExtremes() {
  }

  /// What is subtracted from the count: `correction`, or 0 for `unbiased=False`.
  private static func correction(_ a: Arguments) throws -> Double {
    let unbiased = try a.optionalBool("unbiased")
    return try a.double("correction", default: unbiased == false ? 0 : 1)
  }

  private mutating func addSpreads() {
  }

  private mutating func addScans() {
  }

  private mutating func addSorting() {
  }
}

import Kobai
import KobaiTensor

extension Registry {
  mutating func addActivations() {
  }

  /// A call of `torch.nn.functional`; its `inplace` is a matter of memory alone.
  private mutating func activation(
    _ name: String, _ parameters: String...,
    body: @escaping @Sendable (Tensor, Arguments) throws -> Tensor
  ) {
    add("torch.nn.functional.\(name)", parameters: ["input"] + parameters + ["inplace"]) { a in
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

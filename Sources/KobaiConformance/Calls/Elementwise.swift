import Kobai
import KobaiTensor

extension Registry {
  mutating func addElementwise() {
    addUnary()
    addArithmetic()
    addComparisons()
    addChoices()
    addLogic()
  }

  /// A call of one tensor without further arguments.
  mutating func unary(_ name: String, _ body: @escaping @Sendable (Tensor) -> Tensor) {
    tensor(name, "input") { a in body(try a.tensor("input")) }
  }

  private mutating func addUnary() {
    unary("torch.conj") { $0.conj() }
    unary("torch.conj_physical") { $0.conj() }
    unary("torch.exp") { $0.exp() }
    unary("torch.log") { $0.log() }
    unary("torch.logical_not") { $0.logicalNot() }
    unary("torch.neg") { -$0 }
    unary("torch.positive") { +$0 }
  }

  /// A call of two operands, of which one may be a number.
  private mutating func binary(
    _ name: String, _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    tensor(name, "input", "other") { a in body(try a.operand("input"), try a.operand("other")) }
  }

  /// A method whose argument is a tensor: an operand that is a number does not compile.
  private mutating func method(
    _ name: String, _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    tensor(name, "input", "other") { a in body(try a.tensor("input"), try a.tensor("other")) }
  }

  /// Python's `other ∘ self` for a tensor `self`.
  private mutating func reflected(
    _ name: String, _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    tensor(name, "self", "other") { a in body(try a.operand("other"), try a.tensor("self")) }
  }

  private mutating func addArithmetic() {
    tensor("torch.add", "input", "other") { a in
      let (x, y) = (try a.operand("input"), try a.operand("other"))
      return a.has("alpha") ? x.add(y, alpha: try a.number("alpha", default: 1)) : x + y
    }
    tensor("torch.sub", "input", "other") { a in
      let (x, y) = (try a.operand("input"), try a.operand("other"))
      return a.has("alpha") ? x.sub(y, alpha: try a.number("alpha", default: 1)) : x - y
    }
    tensor("torch.rsub", "input", "other") { a in
      let (x, y) = (try a.tensor("input"), try a.operand("other"))
      return a.has("alpha") ? y.sub(x, alpha: try a.number("alpha", default: 1)) : y - x
    }
    tensor("torch.pow", "input", "exponent") { a in
      // A power of two numbers is not a tensor in Swift.
      if !a.isTensor("input") { return try a.operand("input") ** a.tensor("exponent") }
      return try a.tensor("input") ** a.operand("exponent")
    }
    binary("torch.mul") { $0 * $1 }
    binary("torch.true_divide") { $0 / $1 }
    reflected("Tensor.__radd__") { $0 + $1 }
    reflected("Tensor.__rsub__") { $0 - $1 }
    reflected("Tensor.__rmul__") { $0 * $1 }
    reflected("Tensor.__rdiv__") { $0 / $1 }
    reflected("Tensor.__rpow__") { $0 ** $1 }
  }

  /// Comparisons are methods of a tensor: a number cannot come first.
  private mutating func comparison(
    _ name: String, _ body: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    tensor(name, "input", "other") { a in body(try a.tensor("input"), try a.operand("other")) }
  }

  private mutating func addComparisons() {
    comparison("torch.eq") { $0.eq($1) }
    comparison("torch.ne") { $0.ne($1) }
    comparison("torch.lt") { $0.lt($1) }
    comparison("torch.le") { $0.le($1) }
    comparison("torch.gt") { $0.gt($1) }
    comparison("torch.ge") { $0.ge($1) }
  }

  private mutating func addChoices() {
  }

  private mutating func addLogic() {
    method("torch.logical_and") { $0.logicalAnd($1) }
    method("torch.logical_or") { $0.logicalOr($1) }
    method("torch.logical_xor") { $0.logicalXor($1) }
  }
}

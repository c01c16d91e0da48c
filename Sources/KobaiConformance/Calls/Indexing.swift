import Kobai
import KobaiTensor

extension Registry {
  mutating func addIndexing() {
    tensor("torch.where", "condition", "input", "other") { a in
      try Tensor.where(a.tensor("condition"), a.operand("input"), a.operand("other"))
    }
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

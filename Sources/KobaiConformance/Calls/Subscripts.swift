import Kobai
import KobaiTensor

extension Registry {
  mutating func addSubscripts() {
    tensor("Tensor.__getitem__", "self", "index") { a in
      try a.tensor("self")[Self.subscripts(a, "index")]
    }
  }

  /// A subscript: one item, or several in a tuple.
  private static func subscripts(_ a: Arguments, _ name: String) throws -> [IndexItem] {
    guard let value = a.value(name) else { return [] }
    switch value {
    case .tuple(let items): return try items.map { try subscriptItem(a, $0) }
    case .intTuple(let places): return places.map(\.indexItem)
    default: return [try subscriptItem(a, value)]
    }
  }

  private static func subscriptItem(_ a: Arguments, _ item: CaseValue) throws -> IndexItem {
    switch item {
    case .int(let place): return place.indexItem
    case .null: return .newAxis
    case .ellipsis: return .ellipsis
    case .bool(let flag): return flag.indexItem
    case .ints(let places): return places.indexItem
    case .tensor(let reference): return try a.tensor(of: reference).indexItem
    case .slice(let start, let stop, let step):
      return .range(from: try place(start), to: try place(stop), step: try place(step) ?? 1)
    default: throw ArgumentTypeMismatch("an index of \(item.kind)")
    }
  }

  private static func place(_ value: CaseValue) throws -> Int? {
    switch value {
    case .null: nil
    case .int(let place): place
    default: throw ArgumentTypeMismatch("a bound of \(value.kind)")
    }
  }
}

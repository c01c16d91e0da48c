import Kobai
import KobaiTensor

extension Registry {
  mutating func addPooling() {
  }

  /// Sizes of which None keeps the input's.
  static func sizes(_ a: Arguments, _ name: String) throws -> [Int?] {
    switch a.value(name) {
    case .int(let size): return [size]
    case .tuple(let items), .list(let items):
      return try items.map { item in
        switch item {
        case .int(let size): size
        case .null: nil
        default: throw ArgumentTypeMismatch("a size of \(item.kind)")
        }
      }
    default: return try a.ints(name)
    }
  }
}

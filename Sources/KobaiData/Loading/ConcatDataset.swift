import KobaiTensor

/// Several data sets one after the other.
///
///     let all = ConcatDataset([0..<3, 10..<12])
///     all.count       // 5
///     try all[3]      // 10
public struct ConcatDataset<Element: Sendable>: Dataset {
  /// The data sets, in order.
  public let parts: [any Dataset<Element>]
  /// The number of the first example behind each part.
  private let ends: [Int]

  /// Data sets of one kind.
  public init<Part: Dataset>(_ parts: [Part]) where Part.Element == Element {
    self.init(mixed: parts)
  }

  /// Data sets of several kinds, whose examples have one type.
  public init(mixed parts: [any Dataset<Element>]) {
    self.parts = parts
    var end = 0
    ends = parts.map { part in
      end += part.count
      return end
    }
  }

  public var count: Int { ends.last ?? 0 }

  public subscript(index: Int) -> Element {
    get throws {
      guard let (part, position) = place(of: index) else {
        let message = "ConcatDataset: index \(index) is out of range: it must lie in 0 ..< \(count)"
        throw misuse(message, else: Misuse(message))
      }
      return try parts[part].example(at: position)
    }
  }

  /// One part's answer if all examples are of it, else nil.
  public func stacked(at indices: [Int]) throws -> Element? {
    let places = indices.compactMap(place)
    guard let part = places.first?.part, places.count == indices.count,
      places.allSatisfy({ $0.part == part })
    else { return nil }
    return try parts[part].stacked(at: places.map(\.position))
  }

  private func place(of index: Int) -> (part: Int, position: Int)? {
    guard index >= 0, let part = ends.firstIndex(where: { index < $0 }) else { return nil }
    return (part, index - (part == 0 ? 0 : ends[part - 1]))
  }
}

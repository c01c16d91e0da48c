import KobaiTensor

/// Some of the examples of a data set, in an order of their own.
///
///     let odd = Subset(0..<10, indices: [1, 3, 5])
///     try odd[2]   // 5
public struct Subset<Base: Dataset>: Dataset {
  /// The data set that the examples are of.
  public let base: Base
  /// The number in `base` of each example.
  public let indices: [Int]

  /// The examples of those numbers.
  public init(_ base: Base, indices: [Int]) {
    self.base = base
    self.indices = indices
  }

  public var count: Int { indices.count }

  public subscript(index: Int) -> Base.Element {
    get throws {
      guard indices.indices.contains(index) else {
        let message = "Subset: index \(index) is out of range: it must lie in 0 ..< \(count)"
        throw misuse(message, else: Misuse(message))
      }
      return try base.example(at: indices[index])
    }
  }

  public func stacked(at positions: [Int]) throws -> Base.Element? {
    try base.stacked(at: positions.map { indices[$0] })
  }
}

extension Dataset {
  /// The examples of those numbers as a data set.
  ///
  ///     try (10..<20).subset([1, 3])[1]   // 13
  public func subset(_ indices: [Int]) -> Subset<Self> { Subset(self, indices: indices) }

  /// The examples in that range as a data set.
  public func subset(_ indices: Range<Int>) -> Subset<Self> { subset(Array(indices)) }
}

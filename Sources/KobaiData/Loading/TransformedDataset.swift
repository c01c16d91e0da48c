/// The examples of a data set, each passed through a function when it is read.
public struct TransformedDataset<Base: Dataset, Element: Sendable>: Dataset {
  /// The examples before.
  public let base: Base
  private let transform: @Sendable (Base.Element) throws -> Element

  /// The examples of `base`, each passed through `transform` when it is read.
  public init(_ base: Base, _ transform: @escaping @Sendable (Base.Element) throws -> Element) {
    self.base = base
    self.transform = transform
  }

  public var count: Int { base.count }

  public subscript(index: Int) -> Element {
    get throws { try transform(try base.example(at: index)) }
  }
}

extension Dataset {
  /// The same examples, each passed through `transform` when it is read.
  ///
  ///     let scaled = data.transformed { image, label in (image / 255, label) }
  ///
  /// The function works on one example at a time; to change whole batches, which is quicker, give a
  /// `transform` to the `DataLoader`.
  public func transformed<Output: Sendable>(
    _ transform: @escaping @Sendable (Element) throws -> Output
  ) -> TransformedDataset<Self, Output> { TransformedDataset(self, transform) }
}

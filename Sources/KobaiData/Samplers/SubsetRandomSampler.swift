import KobaiOperators
import KobaiTensor

/// Given numbers in random order: PyTorch's `SubsetRandomSampler`.
public struct SubsetRandomSampler: Sampler {
  /// The numbers to choose from.
  public let indices: [Int]
  private let given: Generator?

  /// - Parameter generator: the default generator unless given.
  public init(_ indices: [Int], generator: Generator? = nil) {
    self.indices = indices
    given = generator
  }

  public var count: Int { indices.count }
  public var generator: Generator? { given ?? .default }

  public func makeIterator() -> some IteratorProtocol<Int> {
    var order: [Int]?
    var position = 0
    return AnyIterator {
      let permutation = order ?? Tensor.randperm(indices.count, generator: given).array()
      order = permutation
      guard position < permutation.count else { return nil }
      defer { position += 1 }
      return indices[permutation[position]]
    }
  }
}

import KobaiOperators
import KobaiTensor

/// Numbers drawn with given probabilities: PyTorch's `WeightedRandomSampler`. With the inverse of each
/// class's frequency as the weights of its examples, all classes come equally often.
///
///     manualSeed(0)
///     WeightedRandomSampler([0, 0.1, 0.9], numSamples: 4).order()   // [2, 2, 2, 2]
public struct WeightedRandomSampler: Sampler {
  /// One weight ≥ 0 for each example; they need not add up to 1.
  public let weights: [Double]
  /// How many numbers an epoch takes.
  public let numSamples: Int
  /// Whether a number can be drawn again.
  public let replacement: Bool
  private let given: Generator?

  /// - Parameters:
  ///   - weights: one for each example.
  ///   - numSamples: how many numbers an epoch takes.
  ///   - replacement: whether a number can be drawn again.
  ///   - generator: the default generator unless given.
  public init(
    _ weights: [Double], numSamples: Int, replacement: Bool = true, generator: Generator? = nil
  ) {
    self.weights = weights
    self.replacement = replacement
    given = generator
    guard numSamples > 0 else {
      self.numSamples = misuse(
        "WeightedRandomSampler: num_samples should be a positive integer value, but got "
          + "num_samples=\(numSamples)", else: 0)
      return
    }
    self.numSamples = numSamples
  }

  public var count: Int { numSamples }
  public var generator: Generator? { given ?? .default }

  public func makeIterator() -> some IteratorProtocol<Int> {
    var drawn: [Int]?
    var position = 0
    return AnyIterator {
      let numbers =
        drawn
        ?? Tensor(weights, shape: [weights.count], dtype: .float64)
        .multinomial(numSamples, replacement: replacement, generator: given).array()
      drawn = numbers
      guard position < numbers.count else { return nil }
      defer { position += 1 }
      return numbers[position]
    }
  }
}

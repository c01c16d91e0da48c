import KobaiOperators
import KobaiTensor

/// The numbers 0 … count − 1 in random order: PyTorch's `RandomSampler`, number for number.
///
///     manualSeed(0)
///     RandomSampler(count: 5).order()   // [1, 3, 4, 2, 0], in PyTorch too
///
/// Without a generator, each epoch draws a seed from the default generator and goes on with a generator
/// of its own. A generator that is given is used itself, also for one more permutation at the end
/// of an epoch, of which nothing is taken: PyTorch's draws that too, so that later numbers agree.
/// Source: torch/utils/data/sampler.py
public struct RandomSampler: Sampler {
  /// The number of examples there are.
  public let sourceCount: Int
  /// How many are taken in an epoch.
  public let numSamples: Int
  /// Whether an example can be taken again before all others have been.
  public let replacement: Bool
  private let given: Generator?

  /// - Parameters:
  ///   - count: the number of examples.
  ///   - replacement: draw each number independently.
  ///   - numSamples: how many to take in an epoch, `count` unless given; more than `count` without
  ///     replacement takes several permutations.
  public init(
    count: Int, replacement: Bool = false, numSamples: Int? = nil, generator: Generator? = nil
  ) {
    sourceCount = count
    self.replacement = replacement
    given = generator
    let samples = numSamples ?? count
    guard count > 0, samples > 0 else {
      self.numSamples = misuse(
        "RandomSampler: num_samples should be a positive integer value, but got \(samples) of "
          + "\(count) examples; an empty data set cannot be shuffled", else: 0)
      return
    }
    self.numSamples = samples
  }

  public var count: Int { numSamples }
  public var generator: Generator? { given ?? .default }
  public func makeIterator() -> Iterator { Iterator(sampler: self, given: given) }

  /// One epoch.
  public struct Iterator: IteratorProtocol {
    private let sampler: RandomSampler
    private var generator: Generator?
    private var drawn: [Int] = []
    private var position = 0
    /// How many lists of numbers have been drawn.
    private var lists = 0

    fileprivate init(sampler: RandomSampler, given: Generator?) {
      self.sampler = sampler
      generator = given
    }

    public mutating func next() -> Int? {
      // The last list, which takes what the full ones leave, is drawn even if nothing is left.
      let (full, rest) = sampler.numSamples.quotientAndRemainder(dividingBy: listLength)
      while position == drawn.count {
        guard lists <= full, sampler.numSamples > 0 else { return nil }
        draw(lists < full ? listLength : rest)
        lists += 1
      }
      defer { position += 1 }
      return drawn[position]
    }

    private var listLength: Int { sampler.replacement ? 32 : Swift.max(1, sampler.sourceCount) }

    private mutating func draw(_ length: Int) {
      let generator = generator ?? Generator(seed: Generator.default.drawSeed())
      self.generator = generator
      position = 0
      if sampler.replacement {
        drawn = Tensor.randint(sampler.sourceCount, [length], generator: generator).array()
      } else {
        let order = Tensor.randperm(sampler.sourceCount, generator: generator)
        drawn = order.narrow(dim: 0, start: 0, length: length).array()
      }
    }
  }
}

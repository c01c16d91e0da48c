import KobaiOperators
import KobaiTensor

/// The order in which examples are taken: their numbers (`Int`), or, for a batch sampler, one list of
/// numbers for each batch (`[Int]`).
///
/// Each iterator is one epoch. Where it draws random numbers, it does so when the element that needs
/// them is asked for, as PyTorch's do: a program that also draws from the same generator gets
/// the same numbers.
public protocol Sampler<Element>: Sendable {
  /// The number of an example, or the numbers of a batch.
  associatedtype Element: Sendable
  /// What goes through one epoch.
  associatedtype Iterator: IteratorProtocol<Element>

  /// The number of elements of an epoch.
  var count: Int { get }

  /// The generator from which the order is drawn; nil (the default) if nothing is drawn. A loader saves
  /// its state to be able to resume in the middle of an epoch.
  var generator: Generator? { get }

  /// Starts an epoch.
  func makeIterator() -> Iterator
}

extension Sampler {
  public var generator: Generator? { nil }

  /// All elements of one epoch.
  ///
  ///     SequentialSampler(count: 3).order()   // [0, 1, 2]
  public func order() -> [Element] {
    var iterator = makeIterator()
    var elements: [Element] = []
    while let element = iterator.next() { elements.append(element) }
    return elements
  }
}

/// The numbers 0 … count − 1 in order.
public struct SequentialSampler: Sampler {
  /// How many numbers there are.
  public let count: Int
  /// The numbers 0 … count − 1.
  public init(count: Int) { self.count = count }
  public func makeIterator() -> Range<Int>.Iterator { (0..<count).makeIterator() }
}

extension Generator {
  /// `torch.empty((), dtype=torch.int64).random_(generator=…)`: how PyTorch draws the seed of another
  /// generator.
  func drawSeed() -> UInt64 {
    var seed = Tensor.empty([], dtype: .int64)
    seed.random_(generator: self)
    return UInt64(bitPattern: Int64(seed.item(as: Int.self)))
  }
}

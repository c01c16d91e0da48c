import KobaiOperators
import KobaiTensor

/// Examples that can be read by number.
///
/// A data set of one's own states how many examples there are and how to get one:
///
///     struct Squares: Dataset {
///       var count: Int { 100 }
///       subscript(index: Int) -> (Tensor, Tensor) {
///         let x = Tensor(Double(index))
///         return (x, x * x)
///       }
///     }
///     for (x, y) in DataLoader(Squares(), batchSize: 20) { … }   // x, y: [20]
///
/// A loader may read it from a thread of its own, so it is `Sendable`. Ranges of `Int` are data sets of their numbers;
/// `ArrayDataset` makes one of an array. What reads a data set in general calls `example(at:)`.
public protocol Dataset<Element>: Sendable {
  /// What one example is: a tensor, a tuple of tensors, a tensor with its label, …
  associatedtype Element: Sendable

  /// The number of examples.
  var count: Int { get }

  /// The example of that number, from 0 to `count` − 1.
  ///
  /// - Throws: what reading it throws; a `DataLoader` hands that on to its user.
  subscript(index: Int) -> Element { get throws }

  /// The example of that number, for types whose own subscript counts otherwise: `self[index]` unless there is
  /// another.
  ///
  /// - Throws: what reading it throws.
  func example(at index: Int) throws -> Element

  /// The examples of those numbers stacked along a new first dimension, in the form of one example;
  /// nil (the default) if they have to be read one by one.
  ///
  /// A loader asks for whole batches here, which is quicker where the examples already lie in one
  /// tensor.
  func stacked(at indices: [Int]) throws -> Element?
}

extension Dataset {
  public func example(at index: Int) throws -> Element { try self[index] }
  public func stacked(at indices: [Int]) throws -> Element? { nil }
}

/// The numbers of a range as examples: the first is the range's lower bound.
///
///     try (10..<20).subset([1, 3])[1]   // 13
extension Range: Dataset where Bound == Int {
  /// A range's own subscript takes its elements.
  public func example(at index: Int) -> Int { lowerBound + index }
}

/// The elements of an array as examples.
///
///     let data = ArrayDataset(["a", "bb", "ccc"])
///     for words in DataLoader(data, batchSize: 2, collate: { $0 }) { … }   // ["a", "bb"], ["ccc"]
public struct ArrayDataset<Element: Sendable>: Dataset {
  /// The examples.
  public let elements: [Element]
  /// A data set of these examples.
  public init(_ elements: [Element]) { self.elements = elements }

  public var count: Int { elements.count }
  public subscript(index: Int) -> Element { elements[index] }
}

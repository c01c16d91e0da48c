import KobaiOperators
import KobaiTensor

/// Examples that lie along the first dimension of one or more tensors.
///
///     let data = TensorDataset(Tensor.zeros([5, 2]), Tensor.arange(5))
///     data.count           // 5
///     let (x, y) = data[3] // x: [2], y: tensor(3)
///     for (x, y) in DataLoader(data, batchSize: 2) { … }   // x: [2, 2], y: [2]
///
/// Loaders take whole batches from it by one `indexSelect` per tensor, or, where the examples follow
/// each other, as a view without a copy.
public struct TensorDataset<Element: Sendable>: Dataset {
  /// The tensors, each of shape [count, …].
  public let tensors: [Tensor]
  private let pack: @Sendable ([Tensor]) -> Element

  /// Each example is one tensor.
  public init(_ x: Tensor) where Element == Tensor {
    self.init([x]) { $0[0] }
  }

  /// Each example is an input and its target.
  public init(_ x: Tensor, _ y: Tensor) where Element == (Tensor, Tensor) {
    self.init([x, y]) { ($0[0], $0[1]) }
  }

  /// Each example has three parts.
  public init(_ x: Tensor, _ y: Tensor, _ z: Tensor) where Element == (Tensor, Tensor, Tensor) {
    self.init([x, y, z]) { ($0[0], $0[1], $0[2]) }
  }

  /// Each example has as many parts as there are tensors.
  public init(_ tensors: [Tensor]) where Element == [Tensor] {
    self.init(tensors) { $0 }
  }

  private init(_ tensors: [Tensor], _ pack: @escaping @Sendable ([Tensor]) -> Element) {
    self.pack = pack
    let shapes = tensors.map(\.shape)
    guard !shapes.isEmpty, shapes.allSatisfy({ !$0.isEmpty && $0[0] == shapes[0].first }) else {
      self.tensors = misuse(
        "TensorDataset: Size mismatch between tensors: all need the same size in their first "
          + "dimension, but their shapes are \(shapes.map { "\($0)" }.joined(separator: ", "))",
        else: tensors.map { _ in .poison })
      return
    }
    self.tensors = tensors
  }

  public var count: Int { tensors[0].shape.first ?? 0 }

  public subscript(index: Int) -> Element { pack(tensors.map { $0.select(dim: 0, index: index) }) }

  /// The examples of those numbers, each part stacked.
  public func stacked(at indices: [Int]) -> Element? {
    if let start = indices.first, start >= 0, start + indices.count <= count,
      indices.indices.allSatisfy({ indices[$0] == start + $0 })
    {
      return pack(tensors.map { $0.narrow(dim: 0, start: start, length: indices.count) })
    }
    let index = Tensor(indices, shape: [indices.count])
    return pack(tensors.map { $0.indexSelect(dim: 0, index: index) })
  }
}

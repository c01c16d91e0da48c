/// A dtype with a layout: all that is known of a value before it has elements.
public struct StridedType: Sendable {
  /// The type of the elements.
  public let dtype: DType
  /// Sizes and strides, in elements.
  public let layout: Layout

  /// Elements of this type under this layout.
  public init(_ dtype: DType, _ layout: Layout) {
    self.dtype = dtype
    self.layout = layout
  }

  /// The sizes of the layout.
  public var shape: Shape { layout.shape }
  /// Bytes of the elements, were they contiguous.
  package var byteCount: Int { layout.count * dtype.size }
}

extension TensorType {
  /// The dtype and the shape.
  package init(_ type: StridedType) { self.init(type.dtype, type.shape) }
}

/// An operation made ready for elements that lie in memory as known beforehand, so that it can be done
/// again and again without allocating anything.
///
///     func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
///       guard inputs[0].layout.isContiguous, outputs[0].layout.isContiguous else { return nil }
///       let count = inputs[0].layout.count
///       return .kernel(mayReplace: [[0]]) { memory in
///         kernel(count, memory[0], memory[1])
///         return true
///       }
///     }
public enum Prepared: Sendable {
  /// The result shows the elements of input 0 under another layout, `offset` elements after its first.
  case view(Layout, offset: Int)
  /// Each result shows elements of input 0 so.
  case views([(layout: Layout, offset: Int)])
  /// Writes the results. A kernel is used by one thread at a time: it may own memory to work in.
  ///
  /// - Parameters:
  ///   - mayReplace: for each output, the inputs in whose memory it may lie: those of which an element is
  ///     never read after the output's element in the same place is written. Missing: none.
  ///   - run: is called with the first element of each input and then of each output, a rank-0 value being one
  ///     element. False where elements are found that `evaluate` refuses.
  case kernel(mayReplace: [[Int]], run: @Sendable (_ memory: Memory) -> Bool)

  /// Where the inputs and outputs lie.
  public typealias Memory = UnsafePointer<UnsafeMutableRawPointer>
}

/// Sizes and strides in memory of their own, for kernels that are called again and again.
///
/// `@unchecked Sendable`: immutable.
public final class StridedLayout: @unchecked Sendable {
  /// The number of dimensions of the operation, at least that of the layout.
  public let rank: Int
  /// The number of elements.
  public let count: Int
  /// `rank` sizes; valid while this object lives.
  public let sizes: UnsafePointer<Int>
  /// In elements; nil if contiguous.
  public let strides: UnsafePointer<Int>?
  private let block: UnsafeMutablePointer<Int>

  /// - Parameter rank: of the operation; a rank-0 layout then stands for all elements.
  public init(_ layout: Layout, standingFor rank: Int = 0) {
    let rank = max(layout.rank, rank)
    self.rank = rank
    count = layout.count
    block = .allocate(capacity: 2 * rank + 1)
    block.initialize(repeating: 0, count: 2 * rank + 1)
    for d in layout.shape.indices {
      block[d] = layout.shape[d]
      block[rank + d] = layout.strides[d]
    }
    sizes = UnsafePointer(block)
    strides = layout.isContiguous && layout.rank == rank ? nil : UnsafePointer(block + rank)
  }

  deinit { block.deallocate() }
}

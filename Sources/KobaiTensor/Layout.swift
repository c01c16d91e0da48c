/// The sizes of a tensor's dimensions.
public typealias Shape = [Int]

/// Where the elements of a tensor lie: sizes and strides, in elements. Immutable and shared: results of
/// elementwise operations use their input's layout object, so no array is made per operation.
public final class Layout: Sendable {
  /// The size of each dimension.
  public let shape: Shape
  /// How many elements apart neighbours along each dimension lie; 0 where one element is repeated.
  public let strides: [Int]
  /// The number of elements; `Int.max` where a view of few elements has more than fit.
  public let count: Int
  /// Row-major without gaps (dimensions of size 1 may have any stride).
  public let isContiguous: Bool

  /// Any layout.
  ///
  /// - Parameter strides: as many as there are sizes.
  public init(shape: Shape, strides: [Int]) {
    self.shape = shape
    self.strides = strides
    var count = 1
    var contiguous = true
    for i in shape.indices.reversed() {
      if shape[i] != 1 && strides[i] != count { contiguous = false }
      count = count.multipliedSaturating(by: shape[i])
    }
    count = shape.contains(0) ? 0 : count
    self.count = count
    isContiguous = contiguous || count == 0
  }

  /// Row-major.
  public init(contiguous shape: Shape) {
    var strides = [Int](repeating: 1, count: shape.count)
    var count = 1
    for i in shape.indices.reversed() {
      strides[i] = count
      count = count.multipliedSaturating(by: shape[i])
    }
    self.shape = shape
    self.strides = strides
    self.count = shape.contains(0) ? 0 : count
    isContiguous = true
  }

  /// The number of dimensions.
  public var rank: Int { shape.count }

  /// The layout of every rank-0 tensor.
  public static let scalar = Layout(contiguous: [])

  /// Contiguous with the same shape; itself when it already is.
  public var contiguous: Layout { isContiguous ? self : Layout(contiguous: shape) }
}

extension Int {
  /// The product of sizes, at most `Int.max`.
  @inlinable func multipliedSaturating(by size: Int) -> Int {
    let (product, isTooLarge) = multipliedReportingOverflow(by: size)
    return isTooLarge ? .max : product
  }
}

extension Array where Element == Int {
  /// How many elements a tensor of this shape has; `Int.max` if that many do not fit.
  @inlinable package var elementCount: Int {
    contains(0) ? 0 : reduce(1) { $0.multipliedSaturating(by: $1) }
  }
}

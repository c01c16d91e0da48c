import KobaiTensor

/// In which order the elements of a tensor lie in memory, gaps left out: what a result "like" another
/// tensor adopts, and the order in which random numbers are drawn into it.
struct MemoryOrder: Hashable, Sendable {
  /// The dimensions from the outermost in memory to the innermost.
  let dims: [Int]
  /// Row-major and, for a tensor that is written in place, without gaps.
  let isContiguous: Bool

  /// Row-major.
  init(rank: Int) {
    dims = Array(0..<rank)
    isContiguous = true
  }

  /// The dense tensor of this shape whose dimensions lie in the order `dims`.
  init(_ dims: [Int], _ shape: Shape) {
    self.dims = dims
    // Dimensions of size 1 lie anywhere.
    isContiguous =
      shape.contains(0)
      || dims.filter { shape[$0] != 1 } == shape.indices.filter { shape[$0] != 1 }
  }

  /// The order in which a tensor of this layout is written in place.
  init(inPlace layout: Layout) {
    dims = Self.dims(layout)
    isContiguous = layout.isContiguous
  }

  /// The order of a new tensor without gaps like one of this layout.
  init(denseLike layout: Layout) {
    if layout.isContiguous {
      self.init(rank: layout.rank)
    } else {
      self.init(Self.dims(layout), layout.shape)
    }
  }

  /// An extra dimension in front.
  var batched: MemoryOrder {
    MemoryOrder(dims: [0] + dims.map { $0 + 1 }, isContiguous: isContiguous)
  }

  private init(dims: [Int], isContiguous: Bool) {
    self.dims = dims
    self.isContiguous = isContiguous
  }

  var isRowMajor: Bool { dims.indices.allSatisfy { dims[$0] == $0 } }

  /// Where each dimension of the tensor is found in `dims`.
  var inverse: [Int] {
    var inverse = dims
    for (i, d) in dims.enumerated() { inverse[d] = i }
    return inverse
  }

  /// The elements of `value`, which lie in this order, as a tensor.
  func apply(_ value: Value) -> Value {
    isRowMajor ? value : Primitives.Permute(inverse).evaluate(value)
  }

  /// PyTorch's rule (`infer_dense_strides`): an insertion sort by stride, in which a stride of 0 is
  /// neither smaller nor larger, and of equal strides the shorter dimension is the inner one.
  private static func dims(_ layout: Layout) -> [Int] {
    let (shape, strides) = (layout.shape, layout.strides)
    if layout.isContiguous { return Array(shape.indices) }
    func isOutside(_ a: Int, _ b: Int) -> Bool? {
      if strides[a] == 0 || strides[b] == 0 { return nil }
      if strides[a] != strides[b] { return strides[a] > strides[b] }
      return shape[a] > shape[b] ? true : nil
    }
    var inner = Array(shape.indices.reversed())
    for i in inner.indices.dropFirst() {
      var moving = i
      for other in (0..<i).reversed() {
        guard let swaps = isOutside(inner[other], inner[moving]) else { continue }
        if !swaps { break }
        inner.swapAt(other, moving)
        moving = other
      }
    }
    return inner.reversed()
  }
}

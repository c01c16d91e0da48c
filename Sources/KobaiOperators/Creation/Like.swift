import KobaiTensor

// Tensors that take shape, dtype and the order of their elements in memory from another one.

extension Tensor {
  /// Zeros of the shape (and, unless stated, the dtype) of another tensor.
  ///
  ///     Tensor.zeros(like: Tensor([[1, 2]]))   // tensor([[0, 0]])
  public static func zeros(like other: Tensor, dtype: DType? = nil) -> Tensor {
    full(of: 0, like: other, dtype: dtype)
  }

  /// Ones of the shape (and, unless stated, the dtype) of another tensor.
  public static func ones(like other: Tensor, dtype: DType? = nil) -> Tensor {
    full(of: 1, like: other, dtype: dtype)
  }

  /// A tensor for results that are written later, of the shape (and, unless stated, the dtype) of another
  /// one: zeros.
  public static func empty(like other: Tensor, dtype: DType? = nil) -> Tensor {
    zeros(like: other, dtype: dtype)
  }

  /// One number in the shape (and, unless stated, the dtype) of another tensor.
  ///
  ///     Tensor.full(like: Tensor([1.5, 2]), 3)   // tensor([3., 3.])
  ///
  /// - Precondition: the dtype holds the number, but for its fraction and roundings.
  public static func full<S: TensorScalar>(
    like other: Tensor, _ value: S, dtype: DType? = nil
  ) -> Tensor {
    let number = Tensor(weak: value)
    guard !other.isPoisoned, number.value.fits("full", dtype ?? other.dtype) else { return .poison }
    return full(of: number, like: other, dtype: dtype)
  }

  private static func full(of number: Tensor, like other: Tensor, dtype: DType?) -> Tensor {
    guard !other.isPoisoned else { return .poison }
    let layout = other.layout
    let order = MemoryOrder(denseLike: layout)
    let shape = order.isRowMajor ? layout.shape : order.dims.map { layout.shape[$0] }
    let result = full(shape, number, dtype: dtype ?? other.dtype)
    guard !order.isRowMajor else { return result }
    return result.permute(order.inverse)
  }

  /// Zeros of another shape in this tensor's dtype.
  ///
  ///     Tensor([1, 2]).newZeros([3])   // tensor([0, 0, 0])
  public func newZeros(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor { .zeros(shape, dtype: dtype ?? self.dtype, requiresGrad: requiresGrad) }

  /// Ones of another shape in this tensor's dtype.
  public func newOnes(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor { .ones(shape, dtype: dtype ?? self.dtype, requiresGrad: requiresGrad) }

  /// A tensor of another shape in this tensor's dtype for results that are written later: zeros.
  public func newEmpty(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor { newZeros(shape, dtype: dtype, requiresGrad: requiresGrad) }

  /// One number in another shape and this tensor's dtype.
  public func newFull<S: TensorScalar>(
    _ shape: Shape, _ value: S, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor { .full(shape, value, dtype: dtype ?? self.dtype, requiresGrad: requiresGrad) }

  /// A tensor for results that are written later (zeros) whose dimensions lie in memory in the order
  /// `physicalLayout`, the outermost first.
  ///
  ///     Tensor.emptyPermuted([2, 3, 5], [0, 2, 1]).strides   // [15, 1, 3]
  public static func emptyPermuted(
    _ shape: Shape, _ physicalLayout: [Int], dtype: DType? = nil
  ) -> Tensor {
    guard shape.count == physicalLayout.count else {
      return misuse(
        "emptyPermuted: Number of dimensions in size does not match the length of the "
          + "physical_layout: \(shape.count) is not equal to \(physicalLayout.count)")
    }
    for (i, dim) in physicalLayout.enumerated() {
      guard shape.indices.contains(dim) else {
        return misuse(
          "emptyPermuted: Dimension out of range (expected to be between 0 and "
            + "\(shape.count - 1), but got \(dim) at index \(i))")
      }
      guard !physicalLayout[..<i].contains(dim) else {
        return misuse("emptyPermuted: Duplicate dim not allowed, but got \(dim) twice")
      }
    }
    guard checkShape("emptyPermuted", shape) else { return .poison }
    let order = MemoryOrder(physicalLayout, shape)
    return zeros(physicalLayout.map { shape[$0] }, dtype: dtype).permute(order.inverse)
  }
}

extension Operation {
  static let like = Operation(
    "like", .creation,
    samples: [
      Sample(.uniform()) { $0[0] + Tensor.ones(like: $0[0]) },
      Sample(.uniform()) { $0[0].t() * Tensor.full(like: $0[0].t(), 2) },
      Sample(.uniform(-2...2, [])) { $0[0] + $0[0].newZeros([2]) },
    ])
}

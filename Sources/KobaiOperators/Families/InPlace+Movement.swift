import KobaiTensor

// In-place forms of operations that move, choose or combine elements; see `update(_:by:)` for what they
// keep to.

extension Tensor {
  /// In place: `x = x.tril(diagonal:)`.
  public mutating func tril_(diagonal: Int = 0) { update("tril_") { $0.tril(diagonal: diagonal) } }
  /// In place: `x = x.triu(diagonal:)`.
  public mutating func triu_(diagonal: Int = 0) { update("triu_") { $0.triu(diagonal: diagonal) } }

  /// In place: `x = x.maskedFill(mask, value)`.
  ///
  ///     var x = Tensor([1.0, 2.0])
  ///     x.maskedFill_(x > 1, 0)   // x is now tensor([1., 0.])
  public mutating func maskedFill_(_ mask: Tensor, _ value: some TensorOperand) {
    let value = value.operand
    update("maskedFill_") { $0.maskedFill(mask, value) }
  }
  /// In place: `x = x.indexPut(indices, values, accumulate:)`.
  public mutating func indexPut_(
    _ indices: [Tensor?], _ values: Tensor, accumulate: Bool = false
  ) {
    update("indexPut_") { $0.indexPut(indices, values, accumulate: accumulate) }
  }
  /// In place: `x = x.indexAdd(dim:index:source:alpha:)`.
  public mutating func indexAdd_<S: TensorScalar>(
    dim: Int, index: Tensor, source: Tensor, alpha: S = 1
  ) {
    update("indexAdd_") { $0.indexAdd(dim: dim, index: index, source: source, alpha: alpha) }
  }
  /// In place: `x = x.indexCopy(dim:index:source:)`.
  public mutating func indexCopy_(dim: Int, index: Tensor, source: Tensor) {
    update("indexCopy_") { $0.indexCopy(dim: dim, index: index, source: source) }
  }
  /// In place: `x = x.indexFill(dim:index:value:)`.
  public mutating func indexFill_(dim: Int, index: Tensor, value: some TensorOperand) {
    let value = value.operand
    update("indexFill_") { $0.indexFill(dim: dim, index: index, value: value) }
  }
  /// In place: `x = x.scatter(dim:index:src:reduce:)`.
  public mutating func scatter_(
    dim: Int, index: Tensor, src: Tensor, reduce: ScatterReduction? = nil
  ) {
    update("scatter_") { $0.scatter(dim: dim, index: index, src: src, reduce: reduce) }
  }
  /// In place: `x = x.scatter(dim:index:value:reduce:)`.
  public mutating func scatter_<S: TensorScalar>(
    dim: Int, index: Tensor, value: S, reduce: ScatterReduction? = nil
  ) {
    update("scatter_") { $0.scatter(dim: dim, index: index, value: value, reduce: reduce) }
  }
  /// In place: `x = x.scatterAdd(dim:index:src:)`.
  public mutating func scatterAdd_(dim: Int, index: Tensor, src: Tensor) {
    update("scatterAdd_") { $0.scatterAdd(dim: dim, index: index, src: src) }
  }

  /// In place: `x = x.cumsum(dim:dtype:)`, in this tensor's dtype.
  public mutating func cumsum_(dim: Int, dtype: DType? = nil) {
    guard dtype == nil || dtype == self.dtype else {
      return misuse(
        "cumsum_: provided dtype must match the dtype of self tensor, \(self.dtype); leave it out",
        else: ())
    }
    // Sums of bools are integers, which do not fit a bool: refused.
    update("cumsum_") { $0.cumsum(dim: dim, dtype: $0.dtype == .bool ? nil : $0.dtype) }
  }
  /// In place: `x = x.addmm(a, b, beta:alpha:)`.
  public mutating func addmm_(_ a: Tensor, _ b: Tensor, beta: Tensor = 1, alpha: Tensor = 1) {
    update("addmm_") { $0.addmm(a, b, beta: beta, alpha: alpha) }
  }
  /// In place: `x = x.baddbmm(a, b, beta:alpha:)`.
  public mutating func baddbmm_(_ a: Tensor, _ b: Tensor, beta: Tensor = 1, alpha: Tensor = 1) {
    update("baddbmm_") { $0.baddbmm(a, b, beta: beta, alpha: alpha) }
  }
}

// MARK: - Shapes

extension Tensor {
  /// In place: `x = x.squeeze()`.
  public mutating func squeeze_() { reshapeInPlace("squeeze_") { $0.squeeze() } }
  /// In place: `x = x.squeeze(dim:)`.
  public mutating func squeeze_(dim: Int) { reshapeInPlace("squeeze_") { $0.squeeze(dim: dim) } }
  /// In place: `x = x.squeeze(dims:)`.
  public mutating func squeeze_(dims: [Int]) {
    reshapeInPlace("squeeze_") { $0.squeeze(dims: dims) }
  }
  /// In place: `x = x.unsqueeze(dim)`.
  public mutating func unsqueeze_(_ dim: Int) {
    reshapeInPlace("unsqueeze_") { $0.unsqueeze(dim) }
  }
  /// In place: `x = x.transpose(dim0, dim1)`.
  public mutating func transpose_(_ dim0: Int, _ dim1: Int) {
    reshapeInPlace("transpose_") { $0.transpose(dim0, dim1) }
  }
  /// In place: `x = x.t()`.
  public mutating func t_() { reshapeInPlace("t_") { $0.t() } }

  /// Gives this variable the result of an operation that changes the shape alone.
  private mutating func reshapeInPlace(_ name: String, by body: (Tensor) -> Tensor) {
    guard state == nil else {
      // A live tensor, with its optimiser's state and its gradient, has one shape.
      return misuse(
        "\(name): a leaf that requires grad, a parameter or a buffer keeps its shape; assign the result "
          + "of the operation to another variable", else: ())
    }
    self = body(self)
  }
}

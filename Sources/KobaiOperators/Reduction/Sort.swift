import CKernels
import KobaiTensor

extension Tensor {
  /// The elements in order along one dimension, with the index each had. NaN is the largest.
  ///
  ///     let (values, indices) = Tensor([3, 1, 2]).sort()
  ///     // tensor([1, 2, 3]), tensor([1, 2, 0])
  ///
  /// - Parameter stable: equal elements stay in order; they always do.
  public func sort(
    dim: Int = -1, descending: Bool = false, stable: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    guard let indices = sorted("sort", dim, descending) else { return (.poison, .poison) }
    if rank == 0 { return (self, indices) }
    return (gather(dim: dim, index: indices), indices)
  }

  /// The indices that sort one dimension.
  public func argsort(dim: Int = -1, descending: Bool = false, stable: Bool = true) -> Tensor {
    sorted("argsort", dim, descending) ?? .poison
  }

  private func sorted(_ name: String, _ dim: Int, _ descending: Bool) -> Tensor? {
    guard !dtype.isComplex else {
      return misuse(
        "\(name): not implemented for \(dtype): complex numbers have no order", else: nil)
    }
    guard let d = Operands.dimension(name, dim, rank: rank), Operands.takesRank(name, rank)
    else { return nil }
    return bind(Primitives.SortIndices(dim: d, descending: descending), [self])[0]
  }

  /// The k largest (or smallest) elements along one dimension, with their indices.
  ///
  ///     let (values, indices) = Tensor([1, 5, 3]).topk(2)
  ///     // tensor([5, 3]), tensor([1, 2])
  ///
  /// - Parameter sorted: best first.
  public func topk(
    _ k: Int, dim: Int = -1, largest: Bool = true, sorted: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    guard !dtype.isComplex else {
      return misuse(
        "topk: not implemented for \(dtype): complex numbers have no order",
        else: (.poison, .poison))
    }
    guard let d = Operands.dimension("topk", dim, rank: rank), Operands.takesRank("topk", rank)
    else { return (.poison, .poison) }
    let length = rank == 0 ? 1 : shape[d]
    guard k >= 0 && k <= length else {
      return misuse(
        "topk: selected index k out of range: k is \(k) and the dimension has size \(length)",
        else: (.poison, .poison))
    }
    if rank == 0 {
      return k == 0
        ? (reshape([1]).topk(0)) : (self, Tensor(0, dtype: .int64))
    }
    let indices = bind(
      Primitives.TopKIndices(k: k, dim: d, largest: largest, sorted: sorted), [self])[0]
    return (gather(dim: d, index: indices), indices)
  }

  /// The k-th smallest element along one dimension with its index; k counts from 1.
  public func kthvalue(
    _ k: Int, dim: Int = -1, keepDim: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    guard let d = Operands.dimension("kthvalue", dim, rank: rank) else { return (.poison, .poison) }
    let length = rank == 0 ? 1 : shape[d]
    guard k >= 1 && k <= length else {
      return misuse(
        "kthvalue: selected number k out of range for dimension \(d): k is \(k) and the size is "
          + "\(length)", else: (.poison, .poison))
    }
    let (values, indices) = sort(dim: dim)
    if rank == 0 { return (values, indices) }
    let place = Tensor([k - 1], dtype: .int64)
    let (v, i) = (
      values.indexSelect(dim: d, index: place), indices.indexSelect(dim: d, index: place)
    )
    return keepDim ? (v, i) : (v.squeeze(dim: d), i.squeeze(dim: d))
  }

  /// The median of all elements: the lower of the two for an even count. NaN if any element is.
  public func median() -> Tensor {
    guard count > 0 else { return Tensor.full([], Double.nan, dtype: dtype) }
    let flat = reshape([-1])
    let hasNaN = flat.ne(flat).any()
    let middle = flat.kthvalue((count + 1) / 2, dim: 0).values
    guard dtype.isFloatingPoint else { return middle }
    return Tensor.where(hasNaN, flat.max(), middle)
  }
}

extension Primitives {
  public struct SortIndices: Primitive {
    public static let name = "argsort"
    let dim: Int
    let descending: Bool

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(.int64, inputs[0].shape)]
    }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let (dtype, layout) = (inputs[0].dtype, inputs[0].layout)
      return inputs[0].withElements { pointer, strides in
        [
          Value.make(.int64, layout.contiguous) { out in
            kb_sort(
              dtype.code, layout.rank, layout.shape, dim, descending, pointer, strides, nil,
              out.assumingMemoryBound(to: Int64.self))
          }
        ]
      }
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] { [nil] }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      if inputs[0].rank == 1 { return [Tensor.zeros(like: inputs[0], dtype: .int64)] }
      return bind(SortIndices(dim: dim + 1, descending: descending), inputs)
    }
  }

  public struct TopKIndices: Primitive {
    public static let name = "topk"
    let k, dim: Int
    let largest, sorted: Bool

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      var shape = inputs[0].shape
      shape[dim] = k
      return [TensorType(.int64, shape)]
    }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let (dtype, layout) = (inputs[0].dtype, inputs[0].layout)
      let shape = infer([inputs[0].type])[0].shape
      return inputs[0].withElements { pointer, strides in
        [
          Value.make(.int64, shape) { out in
            kb_topk(
              dtype.code, layout.rank, layout.shape, dim, k, largest, sorted, pointer, strides, nil,
              out.assumingMemoryBound(to: Int64.self))
          }
        ]
      }
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] { [nil] }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(TopKIndices(k: k, dim: dim + 1, largest: largest, sorted: sorted), inputs)
    }
  }
}

extension Operation {
  static let sort = Operation(
    "sort", .reduction, primitives: [Primitives.SortIndices.self, Primitives.TopKIndices.self],
    samples: [
      Sample(.distinct([2, 4]), results: { [$0[0].sort().values, $0[0].sort().indices] }),
      Sample(.distinct([3, 2]), results: { [$0[0].sort(dim: 0, descending: true).values] }),
      Sample(.distinct([]), results: { [$0[0].sort().values] }),
      Sample(.distinct([2, 5]), results: { [$0[0].topk(2).values, $0[0].topk(2).indices] }),
      Sample(.distinct([5, 2]), results: { [$0[0].topk(3, dim: 0, largest: false).values] }),
      Sample(.distinct([2, 5]), results: { [$0[0].kthvalue(2).values] }),
      Sample(.distinct([5])) { $0[0].median() },
    ])
}

import CKernels
import KobaiTensor

extension Tensor {
  /// The coordinates of the elements that are not zero, one row each, in row-major order.
  ///
  ///     Tensor([[0, 5], [7, 0]]).nonzero()   // tensor([[0, 1], [1, 0]])
  ///
  /// - Returns: int64, shape [count, rank]. It depends on the elements: not inside a transform.
  public func nonzero() -> Tensor {
    guard let x = hostValue("nonzero"), Operands.takesRank("nonzero", x.shape.count) else {
      return .poison
    }
    let shape = x.shape
    return x.withElements { pointer, strides in
      let count = Int(kb_count_nonzero(x.dtype.code, shape.count, shape, pointer, strides))
      return Tensor(
        Value.make(.int64, [count, shape.count]) { out in
          guard !shape.isEmpty else { return }
          kb_nonzero(
            x.dtype.code, shape.count, shape, pointer, strides, count,
            out.assumingMemoryBound(to: Int64.self))
        })
    }
  }

  /// The coordinates of the elements that are not zero, one index vector for each dimension: what
  /// `x[…]` takes. A number counts as a vector.
  ///
  ///     Tensor([[0, 5], [7, 0]]).nonzeroIndices()   // tensor([0, 1]), tensor([1, 0])
  public func nonzeroIndices() -> [Tensor] { atLeast1d().nonzero().unbind(dim: 1) }

  /// NumPy's name of `nonzero`.
  public func argwhere() -> Tensor { nonzero() }
}

extension Operation {
  static let nonzero = Operation(
    "nonzero", .indexing,
    samples: [
      Sample(.integers(0..<2, [2, 3])) { $0[0].nonzero() },
      Sample(.bools([])) { $0[0].argwhere() },
      Sample(.bools([2, 2]), results: { $0[0].nonzeroIndices() }),
      Sample(Sample.Input(.values([0, 1, .nan]), [3], isDifferentiated: false)) { $0[0].nonzero() },
    ],
    gaps: [
      .batching: "the result's shape depends on the elements",
      .tracing: "the result's shape depends on the elements",
    ])
}

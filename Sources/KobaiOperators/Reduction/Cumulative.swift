import CKernels
import KobaiTensor

extension Tensor {
  /// Running sums along one dimension.
  ///
  ///     Tensor([1, 2, 3]).cumsum(dim: 0)   // tensor([1, 3, 6])
  ///
  /// - Parameter dtype: of the summation and result; int64 for integers and bool unless stated.
  public func cumsum(dim: Int, dtype: DType? = nil) -> Tensor {
    let result = dtype ?? (self.dtype.isDifferentiable ? self.dtype : .int64)
    guard let d = Operands.dimension("cumsum", dim, rank: rank), Operands.takesRank("cumsum", rank)
    else { return .poison }
    return bind(Primitives.CumulativeSum(dim: d, reversed: false), to(result))
  }

  /// The running maximum along one dimension with its index: the last one among equals, which gets the
  /// gradient.
  public func cummax(dim: Int) -> (values: Tensor, indices: Tensor) {
    running("cummax", dim, largest: true)
  }

  /// The running minimum along one dimension with its index: the last one among equals.
  public func cummin(dim: Int) -> (values: Tensor, indices: Tensor) {
    running("cummin", dim, largest: false)
  }

  private func running(
    _ name: String, _ dim: Int, largest: Bool
  ) -> (values: Tensor, indices: Tensor) {
    guard !dtype.isComplex else {
      return misuse(
        "\(name): not implemented for \(dtype): complex numbers have no order",
        else: (.poison, .poison))
    }
    guard let d = Operands.dimension(name, dim, rank: rank), Operands.takesRank(name, rank)
    else { return (.poison, .poison) }
    let indices = bind(Primitives.CumulativeExtremum(largest: largest, dim: d), [self])[0]
    return (rank == 0 ? self : gather(dim: d, index: indices), indices)
  }
}

extension Primitives {
  public struct CumulativeSum: LinearOperation {
    public static let name = "cumsum"
    let dim: Int
    /// From the last element to the first: the transpose.
    let reversed: Bool

    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value {
      let (dtype, layout) = (x.dtype, x.layout)
      return x.withElements { pointer, strides in
        Value.make(dtype, layout.contiguous) { out in
          kb_scan(
            KB_SCAN_SUM, dtype.code, dtype.code, layout.rank, layout.shape, dim, reversed, pointer,
            strides, out, nil)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor {
      bind(CumulativeSum(dim: dim, reversed: !reversed), dy)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor {
      // A batch of numbers is not summed over.
      x.rank == 1 ? x : bind(CumulativeSum(dim: dim + 1, reversed: reversed), x)
    }
  }

  public struct CumulativeExtremum: Primitive {
    public static let name = "cummax"
    let largest: Bool
    let dim: Int

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(.int64, inputs[0].shape)]
    }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let (dtype, layout) = (inputs[0].dtype, inputs[0].layout)
      return inputs[0].withElements { pointer, strides in
        let values = Body(layout: layout.contiguous, dtype: dtype)
        return [
          Value.make(.int64, layout.contiguous) { out in
            kb_scan(
              largest ? KB_SCAN_MAX : KB_SCAN_MIN, dtype.code, dtype.code, layout.rank,
              layout.shape, dim, false, pointer, strides, values.pointer,
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
      return bind(CumulativeExtremum(largest: largest, dim: dim + 1), inputs)
    }
  }
}

extension Operation {
  static let cumulative = Operation(
    "cumsum", .reduction,
    primitives: [Primitives.CumulativeSum.self, Primitives.CumulativeExtremum.self],
    samples: [
      Sample(.uniform()) { $0[0].cumsum(dim: 1) },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].cumsum(dim: -2) },
      Sample(.uniform(-2...2, [])) { $0[0].cumsum(dim: 0) },
      Sample(.uniform(-2...2, [2, 0])) { $0[0].cumsum(dim: 1) },
      Sample(.complex()) { $0[0].cumsum(dim: 0) },
      Sample(
        .distinct([2, 4]), results: { [$0[0].cummax(dim: 1).values, $0[0].cummax(dim: 1).indices] }),
      Sample(.distinct([3, 2]), results: { [$0[0].cummin(dim: 0).values] }),
    ])
}

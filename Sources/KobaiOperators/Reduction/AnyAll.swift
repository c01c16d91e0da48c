import CKernels
import KobaiTensor

extension Tensor {
  /// Whether some element is nonzero (NaN is), over some dimensions or over all.
  ///
  ///     Tensor([0, 0, 3]).any()   // tensor(True)
  public func any(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    count("any", .any, dims, keepDim)
  }
  public func any(dim: Int, keepDim: Bool = false) -> Tensor { any(dims: [dim], keepDim: keepDim) }

  /// Whether every element is nonzero, over some dimensions or over all.
  public func all(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    count("all", .all, dims, keepDim)
  }
  public func all(dim: Int, keepDim: Bool = false) -> Tensor { all(dims: [dim], keepDim: keepDim) }

  /// How many elements are nonzero, over some dimensions or over all.
  public func countNonzero(dims: [Int]? = nil) -> Tensor {
    count("countNonzero", .count, dims, false)
  }

  private func count(
    _ name: String, _ what: Primitives.CountNonzero.Question, _ dims: [Int]?, _ keepDim: Bool
  ) -> Tensor {
    let shape = shape
    guard let reduced = Operands.dimensions(name, dims, rank: shape.count) else { return .poison }
    return bind(Primitives.CountNonzero(what: what, reduced: reduced), [self])[0]
      .keepingDims(keepDim, shape, reduced)
  }
}

extension Primitives {
  public struct CountNonzero: Primitive {
    public static let name = "countNonzero"
    enum Question: Hashable, Sendable { case any, all, count }
    let what: Question
    let reduced: [Int]

    private var dtype: DType { what == .count ? .int64 : .bool }

    var kind: kb_reduction {
      switch what {
      case .any: KB_REDUCE_ANY
      case .all: KB_REDUCE_ALL
      case .count: KB_REDUCE_COUNT_NONZERO
      }
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(dtype, Reduced.dropping(inputs[0].shape, reduced))]
    }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let x = inputs[0]
      return [
        Reduced.evaluate(x, reduced, to: dtype) { rank, dims, flags, pointer, strides, out in
          kb_reduce(kind, x.dtype.code, dtype.code, rank, dims, flags, pointer, strides, out)
        }
      ]
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] { [nil] }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(CountNonzero(what: what, reduced: reduced.map { $0 + 1 }), inputs)
    }
  }
}

extension Operation {
  static let anyAll = Operation(
    "any", .reduction, primitives: [Primitives.CountNonzero.self],
    samples: [
      Sample(.bools()) { $0[0].any() },
      Sample(.bools([2, 3, 4])) { $0[0].all(dims: [0, -1], keepDim: true) },
      Sample(.integers(0..<2, [2, 3])) { $0[0].countNonzero(dims: [1]) },
      Sample(.bools([0, 3])) { $0[0].all(dim: 0) },
    ])
}

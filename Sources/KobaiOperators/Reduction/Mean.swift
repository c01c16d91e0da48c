import CKernels
import KobaiTensor

extension Tensor {
  /// The mean over some dimensions, or over all.
  ///
  ///     Tensor([1.0, 2.0, 6.0]).mean()   // tensor(3.)
  ///
  /// - Parameter dtype: what the elements are converted to first; floating or complex.
  /// - Returns: NaN where nothing is averaged. Half types accumulate in float32.
  public func mean(dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    let target = dtype ?? self.dtype
    guard target.isDifferentiable else {
      return misuse(
        "mean: could not infer output dtype. Input dtype must be either a floating point or complex "
          + "dtype, got \(target); pass dtype: .float32")
    }
    let x = to(target)
    let shape = x.shape
    guard let reduced = Operands.dimensions("mean", dims, rank: shape.count) else { return .poison }
    if reduced.isEmpty { return x }
    return bind(Primitives.Mean(reduced, of: shape), x).keepingDims(keepDim, shape, reduced)
  }

  public func mean(dim: Int, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    mean(dims: [dim], keepDim: keepDim, dtype: dtype)
  }
}

extension Primitives {
  public struct Mean: LinearOperation {
    public static let name = "mean"
    package let reduced: [Int]
    package let source: Shape

    package init(_ reduced: [Int], of source: Shape) {
      self.reduced = reduced
      self.source = source
    }

    public func infer(_ x: TensorType) -> TensorType {
      TensorType(x.dtype, Reduced.dropping(source, reduced))
    }
    public func evaluate(_ x: Value) -> Value {
      let dtype = x.dtype.code
      return Reduced.evaluate(x, reduced, to: x.dtype) { rank, dims, flags, pointer, strides, out in
        kb_reduce(KB_REDUCE_MEAN, dtype, dtype, rank, dims, flags, pointer, strides, out)
      }
    }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let dtype = inputs[0].dtype.code
      return Reduced.prepare(inputs[0], reduced, to: outputs[0]) {
        kb_reduce(KB_REDUCE_MEAN, dtype, dtype, $0, $1, $2, $3, $4, $5)
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor {
      let count = reduced.map { source[$0] }.reduce(1, *)
      return (dy / Double(count)).reshape(Reduced.keeping(source, reduced)).broadcast(to: source)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor {
      bind(Mean(reduced.map { $0 + 1 }, of: [size] + source), x)
    }
  }
}

extension Operation {
  static let mean = Operation(
    "mean", .reduction, primitives: [Primitives.Mean.self],
    samples: [
      Sample(.uniform()) { $0[0].mean() },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].mean(dim: -2, keepDim: true) },
      Sample(.uniform(-2...2, [])) { $0[0].mean() },
      Sample(.complex()) { $0[0].mean(dim: 1) },
    ])
}

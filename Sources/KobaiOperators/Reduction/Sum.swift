import CKernels
import KobaiTensor

extension Tensor {
  /// The sum over some dimensions, or over all.
  ///
  ///     Tensor([[1, 2], [3, 4]]).sum()                        // tensor(10)
  ///     Tensor([[1, 2], [3, 4]]).sum(dim: 1, keepDim: true)   // tensor([[3], [7]])
  ///
  /// - Parameters:
  ///   - dims: counted from the end if negative; none given means all.
  ///   - keepDim: leaves the summed dimensions with size 1.
  ///   - dtype: of the result and the summation; int64 for integers and bool unless stated.
  /// - Returns: 0 where nothing is summed.
  public func sum(dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    let own = self.dtype
    let result = dtype ?? (own.isInteger || own == .bool ? .int64 : own)
    let x = own == result ? self : to(result)
    let shape = x.shape
    guard let reduced = Operands.dimensions("sum", dims, rank: shape.count) else { return .poison }
    if reduced.isEmpty { return x }
    let sum = bind(Primitives.Sum(reduced, of: shape), x)
    return keepDim ? sum.reshape(Reduced.keeping(shape, reduced)) : sum
  }

  public func sum(dim: Int, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    sum(dims: [dim], keepDim: keepDim, dtype: dtype)
  }
}

extension Primitives {
  public struct Sum: LinearOperation {
    public static let name = "sum"
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
      Reduced.evaluate(x, reduced, to: x.dtype) { rank, dims, flags, pointer, strides, out in
        kb_reduce(
          KB_REDUCE_SUM, x.dtype.code, x.dtype.code, rank, dims, flags, pointer, strides, out)
      }
    }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let dtype = inputs[0].dtype.code
      return Reduced.prepare(inputs[0], reduced, to: outputs[0]) {
        kb_reduce(KB_REDUCE_SUM, dtype, dtype, $0, $1, $2, $3, $4, $5)
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor {
      dy.reshape(Reduced.keeping(source, reduced)).broadcast(to: source)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor {
      bind(Sum(reduced.map { $0 + 1 }, of: [size] + source), x)
    }
  }
}

extension Operation {
  static let sum = Operation(
    "sum", .reduction, primitives: [Primitives.Sum.self],
    samples: [
      Sample(.uniform()) { $0[0].sum() },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].sum(dim: -2) },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].sum(dims: [0, 2], keepDim: true) },
      Sample(.uniform(-2...2, [])) { $0[0].sum() },
      Sample(.uniform(-2...2, [0, 3])) { $0[0].sum(dim: 0) },
      Sample(.complex()) { $0[0].sum(dim: 1) },
    ])
}

import CKernels
import KobaiTensor

extension Tensor {
  /// (Σ|x|^p)^(1/p) over some dimensions, or over all.
  ///
  ///     Tensor([3.0, 4.0]).norm()          // tensor(5.)
  ///     Tensor([3.0, -4.0]).norm(1)        // tensor(7.)
  ///     Tensor([3.0, -4.0]).norm(.infinity)   // tensor(4.)
  ///
  /// - Parameter p: 0 counts the nonzero elements, ±infinity takes the largest or smallest |x|.
  /// - Returns: real; its gradient at 0 is 0, as PyTorch's.
  public func norm(
    _ p: Double = 2, dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil
  ) -> Tensor {
    let x = dtype.map(to) ?? self
    guard x.dtype.isDifferentiable else {
      return misuse(
        "norm: the input must be floating point or complex, but its dtype is \(x.dtype); convert with "
          + ".to(.float32)")
    }
    let shape = x.shape
    guard let reduced = Operands.dimensions("norm", dims, rank: shape.count) else { return .poison }
    if Swift.abs(p) == .infinity, let empty = reduced.first(where: { shape[$0] == 0 }) {
      return misuse("norm: cannot take the \(p) norm over dimension \(empty) of size 0")
    }
    return bind(Primitives.Norm(p: p, reduced: reduced, source: shape), x)
      .keepingDims(keepDim, shape, reduced)
  }

  public func norm(
    _ p: Double = 2, dim: Int, keepDim: Bool = false, dtype: DType? = nil
  ) -> Tensor {
    norm(p, dims: [dim], keepDim: keepDim, dtype: dtype)
  }
}

extension Primitives {
  /// (Σ |x|ᵖ)^(1/p) of each slice.
  public struct Norm: Reduction {
    public static let name = "norm"
    let p: Double
    public let reduced: [Int]
    public let source: Shape

    public func shifted(reduced: [Int], source: Shape) -> Norm {
      Norm(p: p, reduced: reduced, source: source)
    }

    public func result(of dtype: DType) -> DType { dtype.real }

    public func evaluate(_ x: Value) -> Value {
      let dtype = x.dtype
      return Reduced.evaluate(x, reduced, to: dtype.real) {
        rank, dims, flags, pointer, strides, out in
        kb_norm(p, dtype.code, dtype.real.code, rank, dims, flags, pointer, strides, out)
      }
    }

    public var residuals: Residuals { [.input, .output] }

    /// With s the sign of x (z/|z| for complex numbers): s (|x|/y)^(p−1), and 0 where y is.
    public func localDerivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      let norm = y.broadcast(to: source)
      let zero = Tensor.zeros(like: x)
      switch p {
      case 0: return zero
      case 1: return x.sgn()
      case 2: return Tensor.where(norm.eq(0), zero, x / norm)
      case .infinity, -.infinity:
        let size = x.abs()
        let isExtreme = size.eq(norm).logicalOr(size.ne(size)).to(norm.dtype)
        let share = isExtreme / isExtreme.sum(dims: reduced, keepDim: true, dtype: norm.dtype)
        return x.sgn() * share
      default:
        let ratio = x.abs() / norm
        let vanishes = p < 1 ? x.eq(0) : norm.eq(0)
        return Tensor.where(vanishes, zero, x.sgn() * ratio.pow(Tensor(weak: p - 1)))
      }
    }
  }
}

extension Operation {
  static let norm = Operation(
    "norm", .reduction, primitives: [Primitives.Norm.self],
    samples: [
      Sample(.uniform()) { $0[0].norm() },
      Sample(.uniform(0.5...2, [2, 3, 4])) { $0[0].norm(3, dims: [0, 2], keepDim: true) },
      Sample(.uniform(0.5...2, [2, 3])) { $0[0].norm(1, dim: 1) },
      Sample(.values([1, -3, 2, 0.5, -1.5, 2.5], [2, 3])) { $0[0].norm(.infinity) },
      Sample(.uniform(0.5...2, [3])) { $0[0].norm(0.5) },
      Sample(.complex()) { $0[0].norm(dim: 0) },
    ])
}

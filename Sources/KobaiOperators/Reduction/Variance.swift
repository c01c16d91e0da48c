import CKernels
import KobaiTensor

extension Tensor {
  /// The variance over some dimensions, or over all: Σ|x − mean|² / max(0, n − correction).
  ///
  ///     Tensor([1.0, 2.0, 3.0, 4.0]).`var`()               // tensor(1.6667)
  ///     Tensor([1.0, 2.0, 3.0, 4.0]).`var`(correction: 0)  // tensor(1.2500)
  ///
  /// - Parameter correction: 1 gives the unbiased estimate.
  /// - Returns: NaN for a single element with correction 1. Real for complex numbers.
  public func `var`(dims: [Int]? = nil, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    spread("var", dims, correction, keepDim, deviation: false)
  }
  public func `var`(dim: Int, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    `var`(dims: [dim], correction: correction, keepDim: keepDim)
  }

  /// The standard deviation: the root of `var`. Its gradient where all elements are equal is 0.
  public func std(dims: [Int]? = nil, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    spread("std", dims, correction, keepDim, deviation: true)
  }
  public func std(dim: Int, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    std(dims: [dim], correction: correction, keepDim: keepDim)
  }

  private func spread(
    _ name: String, _ dims: [Int]?, _ correction: Double, _ keepDim: Bool, deviation: Bool
  ) -> Tensor {
    guard dtype.isDifferentiable else {
      return misuse(
        "\(name): only supports tensors of floating point or complex dtype, but the dtype is "
          + "\(dtype); convert with .to(.float32)")
    }
    let shape = shape
    guard let reduced = Operands.dimensions(name, dims, rank: shape.count) else { return .poison }
    return bind(
      Primitives.Variance(
        correction: correction, deviation: deviation, reduced: reduced, source: shape), self
    ).keepingDims(keepDim, shape, reduced)
  }
}

extension Primitives {
  /// Variance or standard deviation of each slice.
  public struct Variance: Reduction {
    public static let name = "var"
    let correction: Double
    let deviation: Bool
    public let reduced: [Int]
    public let source: Shape

    public func shifted(reduced: [Int], source: Shape) -> Variance {
      Variance(correction: correction, deviation: deviation, reduced: reduced, source: source)
    }

    public func result(of dtype: DType) -> DType { dtype.real }

    public func evaluate(_ x: Value) -> Value {
      let dtype = x.dtype.code
      return Reduced.evaluate(x, reduced, to: x.dtype.real) {
        rank, dims, flags, pointer, strides, out in
        kb_variance(
          dtype, rank, dims, flags, pointer, strides, correction, deviation, out, nil)
      }
    }

    public var residuals: Residuals { deviation ? [.input, .output] : .input }

    public func localDerivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      let count = Double(reduced.map { source[$0] }.reduce(1, *))
      let mean = reduced.isEmpty ? x : x.mean(dims: reduced, keepDim: true).broadcast(to: source)
      let slope = (x - mean) * (2 / (count - correction))
      guard deviation else { return slope }
      let isFlat = y.eq(0).broadcast(to: source)
      return Tensor.where(
        isFlat, Tensor.zeros(like: slope), slope / (2 * y).broadcast(to: source))
    }
  }
}

extension Operation {
  static let variance = Operation(
    "var", .reduction, primitives: [Primitives.Variance.self],
    samples: [
      Sample(.uniform()) { $0[0].var() },
      Sample(.uniform(-2...2, [2, 3, 4])) {
        $0[0].var(dims: [0, -1], correction: 0, keepDim: true)
      },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].std(dim: 1) },
      Sample(.uniform()) { $0[0].std(correction: 0) },
      Sample(.complex()) { $0[0].var(dim: 1) },
    ])
}

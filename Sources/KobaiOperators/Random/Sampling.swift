import CKernels
import KobaiTensor

/// A law of random numbers with its parameters.
public enum RandomLaw: Hashable, Sendable {
  case uniform(from: Double, to: Double)
  case normal(mean: Double, std: Double)
  case logNormal(mean: Double, std: Double)
  case exponential(rate: Double)
  case cauchy(median: Double, sigma: Double)
  case geometric(p: Double)
  case bernoulli(p: Double)
  /// low ≤ x < high.
  case integers(low: Int64, high: Int64)
  /// From low to the largest value of the dtype.
  case integersFrom(low: Int64)
  /// From 0 to the largest value of the dtype.
  case allIntegers
  /// 0 … n − 1 in random order.
  case permutation
  /// 0 with probability p, else 1 / (1 − p).
  case dropout(p: Double)
}

extension Primitives {
  /// Random numbers of one law, drawn anew at every evaluation. PyTorch's stream: a tensor whose
  /// dimensions lie in another order in memory is drawn in that order.
  public struct Sampling: Primitive {
    public static let name = "random"
    let law: RandomLaw
    let shape: Shape
    let dtype: DType
    /// The dimensions from the outermost in memory to the innermost.
    let order: [Int]
    let generator: Generator

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [TensorType(dtype, shape)] }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let isContiguous = order == Array(shape.indices)
      var status: kb_status = 0
      let drawn = Value.make(dtype, order.map { shape[$0] }) { out in
        status = generator.withUnsafeGenerator {
          draw($0, shape.reduce(1, *), isContiguous, out)
        }
      }
      if status != 0 {
        return [
          misuse(
            "random: \(dtype) has no value in the range of \(law); widen it or choose another dtype",
            else: .poison)
        ]
      }
      if isContiguous { return [drawn] }
      var inverse = order
      for (i, d) in order.enumerated() { inverse[d] = i }
      return [Permute(inverse).evaluate(drawn)]
    }

    private func draw(
      _ engine: UnsafeMutablePointer<kb_generator>, _ count: Int, _ isContiguous: Bool,
      _ out: UnsafeMutableRawPointer
    ) -> kb_status {
      let dtype = dtype.code
      switch law {
      case .uniform(let from, let to): kb_random_uniform(engine, dtype, count, from, to, out)
      case .normal(let mean, let std):
        kb_random_normal(engine, dtype, count, mean, std, isContiguous, out)
      case .logNormal(let mean, let std):
        kb_random_log_normal(engine, dtype, count, mean, std, out)
      case .exponential(let rate): kb_random_exponential(engine, dtype, count, rate, out)
      case .cauchy(let median, let sigma):
        kb_random_cauchy(engine, dtype, count, median, sigma, out)
      case .geometric(let p): kb_random_geometric(engine, dtype, count, p, out)
      case .bernoulli(let p): kb_random_bernoulli(engine, dtype, count, p, out)
      case .integers(let low, let high):
        return kb_random_integers(engine, dtype, count, low, high, out)
      case .integersFrom(let low): kb_random_integers_from(engine, dtype, count, low, out)
      case .allIntegers: kb_random_integers_full(engine, dtype, count, out)
      case .permutation: kb_random_permutation(engine, dtype, count, out)
      case .dropout(let p): kb_random_dropout_noise(engine, dtype, count, p, out)
      }
      return 0
    }

    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] { [] }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    /// Without inputs there is nothing to batch: one draw serves all examples.
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, []).map { $0.broadcast(to: [size] + shape) }
    }
  }
}

extension Generator: Hashable {
  public static func == (a: Generator, b: Generator) -> Bool { a === b }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Tensor {
  /// Random numbers of a law in a new tensor.
  static func random(
    _ law: RandomLaw, _ shape: Shape, _ dtype: DType, generator: Generator?,
    order: [Int]? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    guard shape.allSatisfy({ $0 >= 0 }) else {
      return misuse("random: sizes must not be negative, but the shape is \(shape)")
    }
    var result = bind(
      Primitives.Sampling(
        law: law, shape: shape, dtype: dtype, order: order ?? Array(shape.indices),
        generator: generator ?? .default), [])[0]
    if requiresGrad { result.requiresGrad = true }
    return result
  }

  /// Random numbers in the shape and memory order of another tensor.
  static func random(
    _ law: RandomLaw, like other: Tensor, dtype: DType? = nil, generator: Generator?
  ) -> Tensor {
    random(
      law, other.shape, dtype ?? other.dtype, generator: generator, order: other.memoryOrder)
  }

  /// The dimensions from the outermost in memory to the innermost; row-major where elements repeat.
  var memoryOrder: [Int] {
    let layout = layout
    let dims = layout.shape.indices
    if layout.isContiguous
      || dims.contains(where: { layout.shape[$0] != 1 && layout.strides[$0] == 0 })
    {
      return Array(dims)
    }
    return dims.sorted {
      let (a, b) = (layout.strides[$0], layout.strides[$1])
      return a == b ? $0 < $1 : a > b
    }
  }
}

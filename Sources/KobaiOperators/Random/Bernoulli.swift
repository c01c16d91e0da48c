import CKernels
import KobaiTensor

extension Tensor {
  /// 1 with the probability that each element states, else 0.
  ///
  /// - Returns: same shape and dtype; its gradient is zero.
  /// - Precondition: floating point, every element in [0, 1].
  public func bernoulli(generator: Generator? = nil) -> Tensor {
    guard dtype.isFloatingPoint else {
      return misuse(
        "bernoulli: the probabilities must be floating point, but their dtype is \(dtype)")
    }
    return bind(Primitives.Bernoulli(generator: generator ?? .default), [self])[0]
  }

  /// 1 with probability p, else 0, in the shape and dtype of this tensor.
  public func bernoulli(p: Double, generator: Generator? = nil) -> Tensor {
    guard p >= 0 && p <= 1 else {
      return misuse("bernoulli: bernoulli_ expects p to be in [0, 1], but got p=\(p.brief)")
    }
    guard !dtype.isComplex else { return misuse("bernoulli: not implemented for \(dtype)") }
    return Tensor.random(.bernoulli(p: p), like: self, generator: generator)
  }
}

extension Primitives {
  public struct Bernoulli: Primitive {
    public static let name = "bernoulli"
    let generator: Generator

    public func infer(_ inputs: [TensorType]) -> [TensorType] { inputs }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let p = inputs[0].contiguous
      var status: kb_status = 0
      let result = p.withElements { pointer, _ in
        Value.make(p.dtype, p.layout) { out in
          status = generator.withUnsafeGenerator {
            kb_random_bernoulli_each($0, p.dtype.code, pointer, p.dtype.code, p.count, out)
          }
        }
      }
      guard status == 0 else {
        return [
          misuse("bernoulli: expected every probability p to satisfy 0 <= p <= 1", else: .poison)
        ]
      }
      return [result]
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      [cotangents[0].map { Tensor.zeros(like: $0) }]
    }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, inputs)
    }
  }
}

extension Operation {
  static let bernoulli = Operation(
    "bernoulli", .random, primitives: [Primitives.Bernoulli.self],
    samples: [Sample(.integers(0..<2, [2, 3])) { $0[0].to(.float64).bernoulli() }])
}

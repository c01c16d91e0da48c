import CKernels
import KobaiTensor

extension Tensor {
  /// 1 with the probability that each element states, else 0.
  ///
  ///     Tensor([0.0, 1.0]).bernoulli()   // tensor([0., 1.])
  ///
  /// - Returns: same shape and dtype; its gradient is zero.
  /// - Precondition: floating point, every element in [0, 1].
  public func bernoulli(generator: Generator? = nil) -> Tensor {
    drawBernoulli("bernoulli", replacing: nil, generator)
  }

  /// 1 with probability p, else 0, in the shape and dtype of this tensor.
  ///
  ///     Tensor.zeros([2]).bernoulli(p: 1)   // tensor([1., 1.])
  public func bernoulli(p: Double, generator: Generator? = nil) -> Tensor {
    guard Self.checkProbability("bernoulli", p, dtype) else { return .poison }
    guard !isPoisoned else { return .poison }
    return Tensor.random(.bernoulli(p: p), shape, dtype, generator: generator)
  }

  /// Draws with these probabilities, row after row, or, where the draw replaces `old`, in its dtype, shape
  /// and memory order.
  func drawBernoulli(_ name: String, replacing old: Tensor?, _ generator: Generator?) -> Tensor {
    let p = current
    guard !p.isPoisoned, !(old?.isPoisoned ?? false) else { return .poison }
    guard p.dtype.isFloatingPoint else {
      return misuse(
        "\(name): expected probabilities tensor to have floating type, got \(p.dtype): not "
          + "implemented; convert with .to(.float32)")
    }
    let generator = generator ?? .default
    guard let old else {
      return bind(
        Primitives.Bernoulli(
          source: p.dtype, dtype: p.dtype, order: MemoryOrder(rank: p.rank), generator: generator),
        [p])[0]
    }
    let layout = old.layout
    let all = p.shape == layout.shape ? p : p.expand(layout.shape)
    guard !all.isPoisoned else { return .poison }
    return bind(
      Primitives.Bernoulli(
        source: p.dtype, dtype: old.dtype, order: MemoryOrder(inPlace: layout), generator: generator
      ),
      old.node == nil || !isGradEnabled ? [all] : [all, old])[0]
  }
}

extension Primitives {
  /// Inputs: the probabilities, and perhaps what the result replaces.
  public struct Bernoulli: RandomPrimitive {
    public static let name = "bernoulli"
    /// The dtype of the probabilities, and that of the result.
    let source, dtype: DType
    let order: MemoryOrder
    let generator: Generator

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(dtype, inputs[0].shape)]
    }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let source = inputs[0]
      let p = (order.isRowMajor ? source : Permute(order.dims).evaluate(source)).contiguous
      var status: kb_status = 0
      let result = p.withElements { pointer, _ in
        Value.make(dtype, p.layout) { out in
          status = generator.withUnsafeGenerator {
            kb_random_bernoulli_each($0, p.dtype.code, pointer, dtype.code, p.count, out)
          }
        }
      }
      guard status == 0 else {
        return [
          misuse(
            "bernoulli: Expected p_in >= 0 && p_in <= 1 to be true for every probability, but one is "
              + "not in [0, 1]", else: .poison)
        ]
      }
      return [order.apply(result)]
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      kept.isNeeded.enumerated().map { i, isNeeded in
        guard isNeeded, let dy = cotangents[0] else { return nil }
        return Tensor.zeros(like: dy, dtype: i == 0 ? source : dtype)
      }
    }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      // What is replaced does not matter; the probabilities may be the same for all examples.
      let p = isBatched[0] ? inputs[0] : inputs[0].broadcast(to: [size] + inputs[0].shape)
      return bind(
        Bernoulli(source: source, dtype: dtype, order: order.batched, generator: generator), [p])
    }
  }
}

extension Operation {
  static let bernoulli = Operation(
    "bernoulli", .random, primitives: [Primitives.Bernoulli.self],
    samples: [
      Sample(.integers(0..<2, [2, 3])) { $0[0].to(.float64).bernoulli() },
      Sample(.integers(0..<2, [])) { $0[0].to(.float64).bernoulli() },
      Sample(.integers(0..<2, [2, 3])) { $0[0].to(.float64).bernoulli(p: 1) },
    ])
}

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
  ///
  /// An input is what the numbers replace: it only makes the result part of a recorded graph.
  public struct Sampling: RandomPrimitive {
    public static let name = "random"
    let law: RandomLaw
    let shape: Shape
    let dtype: DType
    let order: MemoryOrder
    let generator: Generator

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [TensorType(dtype, shape)] }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      var status: kb_status = 0
      let drawn = Value.make(dtype, order.dims.map { shape[$0] }) { out in
        status = generator.withUnsafeGenerator { draw($0, shape.elementCount, out) }
      }
      if status != 0 {
        return [
          misuse(
            "random: \(dtype) has no value in the range of \(law); widen it or choose another dtype",
            else: .poison)
        ]
      }
      return [order.apply(drawn)]
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      // What is drawn lies without gaps, in the order of the result's dimensions in memory.
      let drawn = Layout(contiguous: order.dims.map { shape[$0] })
      guard outputs[0].layout.strides == order.inverse.map({ drawn.strides[$0] }) else {
        return nil
      }
      let (sampling, count, place) = (self, shape.elementCount, inputs.count)
      return .kernel(mayReplace: []) { memory in
        sampling.generator.withUnsafeGenerator { sampling.draw($0, count, memory[place]) } == 0
      }
    }

    private func draw(
      _ engine: UnsafeMutablePointer<kb_generator>, _ count: Int, _ out: UnsafeMutableRawPointer
    ) -> kb_status {
      let dtype = dtype.code
      switch law {
      case .uniform(let from, let to): kb_random_uniform(engine, dtype, count, from, to, out)
      case .normal(let mean, let std):
        kb_random_normal(engine, dtype, count, mean, std, order.isContiguous, out)
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
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      kept.isNeeded.map { $0 ? cotangents[0].map { Tensor.zeros(like: $0) } : nil }
    }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    /// One draw serves all examples.
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, []).map { $0.broadcast(to: [size] + shape) }
    }
    public func repeated(_ size: Int) -> (any Primitive)? {
      Sampling(
        law: law, shape: [size] + shape, dtype: dtype, order: order.batched, generator: generator)
    }
  }
}

extension Generator: Hashable {
  public static func == (a: Generator, b: Generator) -> Bool { a === b }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Tensor {
  /// Random numbers of a law in a new row-major tensor.
  static func random(
    _ law: RandomLaw, _ shape: Shape, _ dtype: DType, generator: Generator?,
    requiresGrad: Bool = false
  ) -> Tensor {
    guard checkShape("random", shape) else { return .poison }
    var result = bind(
      Primitives.Sampling(
        law: law, shape: shape, dtype: dtype, order: MemoryOrder(rank: shape.count),
        generator: generator ?? .default), [])[0]
    if requiresGrad { result.requiresGrad = true }
    return result
  }

  /// Random numbers in the shape and memory order of another tensor.
  static func random(
    _ law: RandomLaw, like other: Tensor, dtype: DType? = nil, generator: Generator?
  ) -> Tensor {
    guard !other.isPoisoned else { return .poison }
    let layout = other.layout
    return bind(
      Primitives.Sampling(
        law: law, shape: layout.shape, dtype: dtype ?? other.dtype,
        order: MemoryOrder(denseLike: layout), generator: generator ?? .default), [])[0]
  }

  /// Replaces the elements by random numbers, in their order in memory.
  mutating func draw(_ name: String, _ law: RandomLaw, _ generator: Generator?) {
    update(name) { old in
      guard !old.isPoisoned else { return .poison }
      let layout = old.layout
      return bind(
        Primitives.Sampling(
          law: law, shape: layout.shape, dtype: old.dtype, order: MemoryOrder(inPlace: layout),
          generator: generator ?? .default),
        old.node == nil || !isGradEnabled ? [] : [old])[0]
    }
  }
}

extension Double {
  /// Without a fraction where there is none.
  var brief: String {
    rounded() == self && Swift.abs(self) < 1e15 ? "\(Int64(self))" : "\(self)"
  }
}

extension Operation {
  static let sampling = Operation(
    "sampling", .random, primitives: [Primitives.Sampling.self],
    samples: [
      Sample(.uniform()) {
        $0[0] * Tensor.normal(mean: 1, std: 2, [2, 3], generator: Generator(seed: 1))
      },
      Sample(.uniform()) {
        var x = $0[0] * 1
        x.normal_(generator: Generator(seed: 1))
        return x + $0[0]
      },
    ])
}

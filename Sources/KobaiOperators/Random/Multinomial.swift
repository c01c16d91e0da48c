import CKernels
import KobaiTensor

extension Tensor {
  /// Indices drawn in proportion to the weights in each row.
  ///
  ///     Tensor([0.0, 1.0, 0.0]).multinomial(2, replacement: true)   // tensor([1, 1])
  ///
  /// - Parameters:
  ///   - samples: how many indices to draw per row.
  ///   - replacement: whether an index may be drawn again; otherwise `samples` may not exceed the row.
  /// - Returns: int64, shape [samples] for a vector of weights and [rows, samples] for a matrix.
  public func multinomial(
    _ samples: Int, replacement: Bool = false, generator: Generator? = nil
  ) -> Tensor {
    let shape = shape
    guard shape.count == 1 || shape.count == 2 else {
      return misuse("multinomial: prob_dist must be 1 or 2 dim, but its shape is \(shape)")
    }
    guard dtype.isFloatingPoint else {
      return misuse(
        "multinomial: multinomial only supports floating-point dtypes for input, got: \(dtype)")
    }
    guard samples > 0 else {
      return misuse("multinomial: cannot sample n_sample <= 0 samples, but got \(samples)")
    }
    guard replacement || samples <= shape[shape.count - 1] else {
      return misuse(
        "multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement, "
          + "but got \(samples) of \(shape[shape.count - 1])")
    }
    let weights = detach()
    let isByColumns = shape.count == 2 && MemoryOrder(denseLike: weights.layout).dims == [1, 0]
    return bind(
      Primitives.Multinomial(
        samples: samples, replacement: replacement, isByColumns: isByColumns,
        generator: generator ?? .default), [weights])[0]
  }
}

extension Primitives {
  public struct Multinomial: RandomPrimitive {
    public static let name = "multinomial"
    let samples: Int
    let replacement: Bool
    /// Whether the weights lie column after column in memory: PyTorch draws in that order.
    let isByColumns: Bool
    let generator: Generator

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(.int64, inputs[0].shape.dropLast() + [samples])]
    }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let weights = inputs[0].contiguous
      let shape = weights.shape
      let rows = shape.dropLast().reduce(1, *)
      var status: kb_status = 0
      let result = weights.withElements { pointer, _ in
        Value.make(.int64, shape.dropLast() + [samples]) { out in
          status = generator.withUnsafeGenerator {
            kb_random_multinomial(
              $0, weights.dtype.code, rows, shape[shape.count - 1], pointer, isByColumns, samples,
              replacement, out.assumingMemoryBound(to: Int64.self))
          }
        }
      }
      guard status == 0 else {
        return [
          misuse(
            "multinomial: probability tensor contains either `inf`, `nan` or element < 0, or a row "
              + "without a positive weight", else: .poison)
        ]
      }
      return [result]
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] { [nil] }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    /// Rows are independent draws already.
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let shape = inputs[0].shape
      let primitive = Multinomial(
        samples: samples, replacement: replacement, isByColumns: false, generator: generator)
      if shape.count <= 2 { return bind(primitive, inputs) }
      return bind(primitive, [inputs[0].reshape([-1, shape[shape.count - 1]])]).map {
        $0.reshape(shape.dropLast() + [samples])
      }
    }
  }
}

extension Operation {
  static let multinomial = Operation(
    "multinomial", .random, primitives: [Primitives.Multinomial.self],
    samples: [
      // Rows with a single positive weight: the draw is certain.
      Sample(.values([0, 0, 3, 0, 1, 0], [2, 3])) {
        $0[0].multinomial(4, replacement: true, generator: Generator(seed: 1))
      }
    ])
}

import CKernels
import KobaiTensor

extension Tensor {
  /// x where it is positive, else x times a slope; while training each slope is drawn from
  /// [lower, upper), else it is their mean.
  ///
  ///     Tensor([-6.0, 6.0]).rrelu(lower: 0, upper: 1)   // tensor([-3.,  6.])
  ///
  /// Xu et al., 2015, "Empirical Evaluation of Rectified Activations in Convolutional Network".
  ///
  /// - Precondition: floating point; `lower` ≤ `upper`.
  public func rrelu(
    lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, training: Bool = false,
    generator: Generator? = nil
  ) -> Tensor {
    guard lower <= upper else {
      return misuse(
        "rrelu: Lower bound should be less than or equal to the upper bound, but they are \(lower) "
          + "and \(upper)")
    }
    guard dtype.isFloatingPoint else {
      return misuse("rrelu: not implemented for \(dtype); the dtype must be floating point")
    }
    guard training else { return leakyRelu(negativeSlope: (lower + upper) / 2) }
    return bind(
      Primitives.RRelu(lower: lower, upper: upper, generator: generator ?? .default), [self])[0]
  }
}

extension Primitives {
  /// Outputs: the result, and the slope of each element.
  public struct RRelu: RandomPrimitive {
    public static let name = "rrelu"
    let lower, upper: Double
    let generator: Generator

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0], inputs[0]] }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      let x = inputs[0].contiguous
      var result = x
      let slopes = Value.make(x.dtype, x.layout) { slopes in
        result = x.withElements { pointer, _ in
          Value.make(x.dtype, x.layout) { out in
            generator.withUnsafeGenerator {
              kb_random_rrelu($0, x.dtype.code, x.count, lower, upper, pointer, slopes, out)
            }
          }
        }
      }
      return [result, slopes]
    }
    public var residuals: Residuals { .output(1) }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      [cotangents[0].map { $0 * kept.output(1).detach() }]
    }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [tangents[0].map { $0 * outputs[1] }, nil] }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, inputs)
    }
  }
}

extension Operation {
  static let rrelu = Operation(
    "rrelu", .random, primitives: [Primitives.RRelu.self],
    samples: [
      // Positive elements draw nothing.
      Sample(.uniform(0.5...2)) {
        $0[0].rrelu(training: true, generator: Generator(seed: 1))
      },
      // Slopes from an empty range are certain.
      Sample(.distinct()) { $0[0].rrelu(lower: 0.25, upper: 0.25, training: true) },
      Sample(.distinct([])) { $0[0].rrelu() },
    ])
}

import KobaiTensor

/// −(t · log(x) + (1 − t) · log(1 − x)) of probabilities x and targets t, where logarithms are at least −100.
///
///     binaryCrossEntropy(Tensor([0.5, 0.25]), Tensor([1.0, 0.0]), reduction: .none)
///     // tensor([0.6931, 0.2877])
///
/// - Parameters:
///   - input: numbers in 0 ... 1.
///   - target: of the input's shape, usually in 0 ... 1.
///   - weight: a factor for each element; broadcasts.
/// - Derivative: (x − t) / max(x · (1 − x), 10⁻¹²).
public func binaryCrossEntropy(
  _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  guard input.shape == target.shape else {
    return misuse(
      "binaryCrossEntropy: Using a target size (\(target.shape)) that is different to the input size "
        + "(\(input.shape)) is deprecated. Please ensure they have the same size.")
  }
  guard input.dtype.isFloatingPoint, input.dtype == target.dtype else {
    return misuse(
      "binaryCrossEntropy: input and target must have one floating point dtype, but have "
        + "\(input.dtype) and \(target.dtype); convert with .to(.float32)")
  }
  let elements = bind(Primitives.BinaryCrossEntropy(), input.widened, target.widened)
    .to(input.dtype)
  return (weight.map { elements * $0 } ?? elements).reduced(reduction)
}

/// `binaryCrossEntropy` of the sigmoid of logits, without its rounding.
///
///     binaryCrossEntropyWithLogits(Tensor([0.0, 10.0]), Tensor([1.0, 1.0]), reduction: .none)
///     // tensor([6.9315e-01, 4.5399e-05])
///
/// - Parameters:
///   - target: of the input's shape, usually in 0 ... 1.
///   - weight: a factor for each element; broadcasts.
///   - posWeight: a factor for the part of each target that is 1; broadcasts.
public func binaryCrossEntropyWithLogits(
  _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean,
  posWeight: Tensor? = nil
) -> Tensor {
  guard input.shape == target.shape else {
    return misuse(
      "binaryCrossEntropyWithLogits: Target size (\(target.shape)) must be the same as input size "
        + "(\(input.shape))")
  }
  guard input.dtype.isFloatingPoint else {
    return misuse(
      "binaryCrossEntropyWithLogits: not implemented for \(input.dtype); convert with .to(.float32)"
    )
  }
  var logarithm = input.logSigmoid()
  if let posWeight { logarithm = ((posWeight - 1) * target + 1) * logarithm }
  var elements = (1 - target) * input - logarithm
  if let weight { elements = elements * weight }
  return elements.reduced(reduction)
}

extension Primitives {
  /// Elementwise in x (probabilities) and y (targets).
  public struct BinaryCrossEntropy: BinaryElementwise {
    public static let name = "binaryCrossEntropy"
    init() {}
    private static let formula = Program.binary { x, t in
      let positive = ElementwiseExpression.maximum(.log(x), -100)
      let negative = ElementwiseExpression.maximum(.log1p(-x), -100)
      return (t - 1) * negative - t * positive
    }
    public var program: Program { Self.formula }
    public var residualsForX: Residuals { .inputs }
    public var residualsForY: Residuals { .input(0) }

    public func evaluate(_ x: Value, _ y: Value) -> Value {
      let x = x.contiguous
      let isInRange = x.withElements { pointer, _ in
        x.dtype == .float64
          ? Self.areProbabilities(pointer, x.count, Double.self)
          : Self.areProbabilities(pointer, x.count, Float.self)
      }
      guard isInRange else {
        return misuse(
          "binaryCrossEntropy: all elements of input should be between 0 and 1; for logits use "
            + "binaryCrossEntropyWithLogits", else: .poison)
      }
      return ElementwiseEvaluation.binary(program, x, y, Self.staticName)
    }

    private static func areProbabilities<T: BinaryFloatingPoint>(
      _ pointer: UnsafeRawPointer, _ count: Int, _ type: T.Type
    ) -> Bool {
      UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: T.self), count: count)
        .allSatisfy { $0 >= 0 && $0 <= 1 }
    }

    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      (x - y) / (x * (1 - x)).clampMin(1e-12)
    }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      (-x).log1p().clampMin(-100) - x.log().clampMin(-100)
    }
  }
}

extension Operation {
  static let binaryCrossEntropy = Operation(
    "binaryCrossEntropy", .loss, primitives: [Primitives.BinaryCrossEntropy.self],
    samples: [
      Sample(.uniform(0.1...0.9), .uniform(0...1)) {
        KobaiOperators.binaryCrossEntropy($0[0], $0[1])
      },
      Sample(.uniform(0.1...0.9), .uniform(0...1), .uniform(0.5...2, [3])) {
        KobaiOperators.binaryCrossEntropy($0[0], $0[1], weight: $0[2], reduction: .none)
      },
      Sample(.uniform(0.1...0.9, []), .uniform(0...1, [])) {
        KobaiOperators.binaryCrossEntropy($0[0], $0[1], reduction: .sum)
      },
    ])

  static let binaryCrossEntropyWithLogits = Operation(
    "binaryCrossEntropyWithLogits", .loss,
    samples: [
      Sample(.uniform(), .uniform(0...1)) {
        KobaiOperators.binaryCrossEntropyWithLogits($0[0], $0[1])
      },
      Sample(.uniform(), .uniform(0...1), .uniform(0.5...2, [1]), .uniform(0.5...2, [3])) {
        KobaiOperators.binaryCrossEntropyWithLogits(
          $0[0], $0[1], weight: $0[2], reduction: .none, posWeight: $0[3])
      },
    ])
}

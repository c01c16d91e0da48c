import KobaiTensor

extension Tensor {
  /// `steps` numbers from `start` to `end`, both included, evenly spaced.
  ///
  ///     Tensor.linspace(0, 1, steps: 5)   // tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
  ///
  /// Each number is computed in double precision, counted from the nearer end, and rounded once.
  ///
  /// - Parameter dtype: the default dtype, or its complex one if an end is complex, unless stated. An
  ///   integer dtype takes the ends without their fractions and drops those of the results.
  public static func linspace<A: TensorScalar, B: TensorScalar>(
    _ start: A, _ end: B, steps: Int, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    spaced(
      "linspace", start.weakValue, end.weakValue, steps, base: nil, dtype, requiresGrad)
  }

  /// `steps` powers of `base` from baseˢᵗᵃʳᵗ to baseᵉⁿᵈ, both included, with evenly spaced exponents.
  ///
  ///     Tensor.logspace(0, 3, steps: 4)            // tensor([   1.,   10.,  100., 1000.])
  ///     Tensor.logspace(0, 2, steps: 3, base: 2)   // tensor([1., 2., 4.])
  ///
  /// - Parameter dtype: the default dtype unless stated.
  public static func logspace<A: TensorScalar, B: TensorScalar>(
    _ start: A, _ end: B, steps: Int, base: Double = 10, dtype: DType? = nil,
    requiresGrad: Bool = false
  ) -> Tensor {
    spaced("logspace", start.weakValue, end.weakValue, steps, base: base, dtype, requiresGrad)
  }

  /// `linspace` of rank-0 tensors, whose elements are read.
  package static func linspace(
    from start: Tensor, to end: Tensor, steps: Int, dtype: DType? = nil
  ) -> Tensor {
    guard let start = start.resolved.hostNumber("linspace"),
      let end = end.resolved.hostNumber("linspace")
    else { return .poison }
    return spaced("linspace", start, end, steps, base: nil, dtype, false)
  }

  /// `logspace` of rank-0 tensors, whose elements are read.
  package static func logspace(
    from start: Tensor, to end: Tensor, steps: Int, base: Double = 10, dtype: DType? = nil
  ) -> Tensor {
    guard let start = start.resolved.hostNumber("logspace"),
      let end = end.resolved.hostNumber("logspace")
    else { return .poison }
    return spaced("logspace", start, end, steps, base: base, dtype, false)
  }

  private static func spaced(
    _ name: String, _ start: Value, _ end: Value, _ steps: Int, base: Double?, _ dtype: DType?,
    _ requiresGrad: Bool
  ) -> Tensor {
    guard steps >= 0 else {
      return misuse("\(name): number of steps must be non-negative, but is \(steps)")
    }
    let isComplex = start.dtype.isComplex || end.dtype.isComplex
    let dtype = dtype ?? (isComplex ? DType.default.complex : .default)
    guard dtype != .bool else { return misuse("\(name): not implemented for bool") }
    guard !isComplex || dtype.isComplex && base == nil else {
      return misuse(
        "\(name): complex ends need a complex dtype (linspace only), but it is \(dtype)")
    }
    guard checkShape(name, [steps]) else { return .poison }
    func bound(_ value: Value) -> Double {
      dtype.isInteger ? value.double.rounded(.towardZero) : value.double
    }
    let law: SequenceLaw =
      if let base {
        .powers(start: bound(start), end: bound(end), base: base)
      } else {
        .even(
          start: bound(start), end: bound(end), imaginaryStart: start.imaginaryDouble,
          imaginaryEnd: end.imaginaryDouble)
      }
    return sequence(law, [steps], dtype, requiresGrad: requiresGrad)
  }
}

extension Operation {
  static let linspace = Operation(
    "linspace", .creation,
    samples: [
      Sample(.uniform(-2...2, [3])) { $0[0] * Tensor.linspace(1, 2, steps: 3) },
      Sample(.uniform(-2...2, [])) { $0[0] * Tensor.linspace(1, 2, steps: 1, dtype: $0[0].dtype) },
    ])
  static let logspace = Operation(
    "logspace", .creation,
    samples: [
      Sample(.uniform(-2...2, [3])) { $0[0] * Tensor.logspace(0, 2, steps: 3, base: 2) }
    ])
}

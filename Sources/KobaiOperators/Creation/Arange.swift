import KobaiTensor

extension Tensor {
  /// Numbers from `start` up to but not including `end`, `step` apart.
  ///
  ///     Tensor.arange(0, 1, 0.25)   // tensor([0.0000, 0.2500, 0.5000, 0.7500])
  ///     Tensor.arange(5, 0, -2)     // tensor([5, 3, 1])
  ///
  /// Each number is `start + i * step` in double precision, rounded once. There are
  /// ⌈(end − start) / step⌉ of them, so that rounding can make the last one reach `end`; use `linspace`
  /// where the count matters.
  ///
  /// - Parameter dtype: int64 if all three are integers, else the default dtype, unless stated. An integer
  ///   dtype takes `start` and `step` without their fractions.
  /// - Precondition: `step` is not 0 and leads from `start` to `end`; all are finite.
  public static func arange<A: TensorScalar, B: TensorScalar, C: TensorScalar>(
    _ start: A, _ end: B, _ step: C, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    range(start.weakValue, end.weakValue, step.weakValue, dtype, requiresGrad)
  }

  /// Numbers from `start` up to but not including `end`, 1 apart.
  ///
  ///     Tensor.arange(2, 5)   // tensor([2, 3, 4])
  public static func arange<A: TensorScalar, B: TensorScalar>(
    _ start: A, _ end: B, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    range(start.weakValue, end.weakValue, 1.weakValue, dtype, requiresGrad)
  }

  /// Numbers from 0 up to but not including `end`, 1 apart.
  ///
  ///     Tensor.arange(3)   // tensor([0, 1, 2])
  public static func arange<B: TensorScalar>(
    _ end: B, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    range(0.weakValue, end.weakValue, 1.weakValue, dtype, requiresGrad)
  }

  /// `arange` of rank-0 tensors, whose elements are read.
  package static func arange(
    from start: Tensor, to end: Tensor, step: Tensor, dtype: DType? = nil
  ) -> Tensor {
    guard let start = start.resolved.hostNumber("arange"),
      let end = end.resolved.hostNumber("arange"), let step = step.resolved.hostNumber("arange")
    else { return .poison }
    return range(start, end, step, dtype, false)
  }

  private static func range(
    _ start: Value, _ end: Value, _ step: Value, _ dtype: DType?, _ requiresGrad: Bool
  ) -> Tensor {
    let given = [start, end, step]
    let areIntegers = given.allSatisfy { !$0.dtype.isDifferentiable }
    let dtype = dtype ?? (areIntegers ? .int64 : .default)
    guard !given.contains(where: { $0.dtype.isComplex }), !dtype.isComplex, dtype != .bool else {
      return misuse(
        "arange: not implemented for complex numbers and bool; ask for a real number dtype and convert"
      )
    }
    let (a, b, s) = (start.double, end.double, step.double)
    guard s != 0 && !s.isNaN else { return misuse("arange: step must be nonzero") }
    guard a.isFinite && b.isFinite else {
      return misuse("arange: unsupported range: \(a.brief) -> \(b.brief)")
    }
    guard s > 0 ? b >= a : b <= a else {
      return misuse(
        "arange: upper bound and lower bound inconsistent with step sign: "
          + "\(a.brief) to \(b.brief) by \(s.brief)")
    }
    let law: SequenceLaw
    var size = ((b - a) / s).rounded(.up)
    if areIntegers || dtype.isInteger {
      guard let first = start.int64, let last = end.int64, let by = step.int64 else {
        return misuse(
          "arange: \(a.brief), \(b.brief) and \(s.brief) must lie in the range of int64")
      }
      guard by != 0 else {
        return misuse(
          "arange: step must be nonzero, but \(s.brief) has no integer part for \(dtype)")
      }
      law = .integers(first: first, step: by)
      if areIntegers || dtype == .int64 {
        let distance = Double(last) - Double(first)
        size =
          Swift.abs(distance) < 0x1p53
          ? Double((last - first) / by + ((last - first) % by == 0 ? 0 : 1))
          : (distance / Double(by)).rounded(.up)
      }
    } else {
      law = .numbers(first: a, step: s)
    }
    guard size < 0x1p46 else {
      return misuse(
        "arange: \(size.brief) elements: invalid size, possible overflow; they are too many")
    }
    return sequence(law, [Int(Swift.max(size, 0))], dtype, requiresGrad: requiresGrad)
  }
}

extension Value {
  /// The number of a rank-0 value; a complex one's real part.
  var double: Double {
    cast(to: .float64).withElements { pointer, _ in pointer.loadUnaligned(as: Double.self) }
  }

  /// The imaginary part of a rank-0 value.
  var imaginaryDouble: Double {
    guard dtype.isComplex else { return 0 }
    return cast(to: .complex128).withElements { pointer, _ in
      pointer.loadUnaligned(fromByteOffset: 8, as: Double.self)
    }
  }

  /// The number of a rank-0 value without its fraction; nil where int64 does not hold it.
  var int64: Int64? {
    guard dtype.isDifferentiable else { return Int64(bitPattern: cast(to: .int64).bits) }
    let number = double.rounded(.towardZero)
    return number >= -0x1p63 && number < 0x1p63 ? Int64(number) : nil
  }
}

extension Tensor {
  /// The element of a rank-0 tensor with its marks dropped; nil after the misuse.
  func hostNumber(_ operation: String) -> Value? {
    if value.meta.has(Value.Meta.weak) {
      return Value(body: value.body, bits: value.bits, meta: .init(value.dtype))
    }
    guard let number = hostValue(operation) else { return nil }
    guard number.shape.isEmpty else {
      return misuse(
        "\(operation): only supports 0-dimensional start and end tensors, but got one with "
          + "\(number.shape.count) dimension(s)", else: nil)
    }
    return number
  }
}

extension Operation {
  static let arange = Operation(
    "arange", .creation, primitives: [Primitives.Sequence.self],
    samples: [
      Sample(.uniform(-2...2, [4])) { $0[0] * Tensor.arange(0, 1, 0.25, dtype: $0[0].dtype) },
      Sample(.uniform(-2...2, [3])) { $0[0] * Tensor.arange(5, 0, -2) },
      Sample(.uniform(-2...2, [])) { $0[0] + Tensor.arange(3, 3) },
    ])
}

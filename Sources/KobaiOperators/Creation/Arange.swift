import CKernels
import KobaiTensor

extension Tensor {
  /// Numbers from `start` up to but not including `end`, `step` apart.
  ///
  ///     Tensor.arange(0, 1, 0.25)   // tensor([0.0000, 0.2500, 0.5000, 0.7500])
  ///     Tensor.arange(3)            // tensor([0, 1, 2])
  ///
  /// - Parameter dtype: int64 if all three are integers, else the default dtype, unless stated.
  public static func arange<A: TensorScalar, B: TensorScalar, C: TensorScalar>(
    _ start: A, _ end: B, _ step: C, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    range(Tensor(weak: start), Tensor(weak: end), Tensor(weak: step), dtype, requiresGrad)
  }

  /// Numbers from `start` up to but not including `end`, 1 apart.
  public static func arange<A: TensorScalar, B: TensorScalar>(
    _ start: A, _ end: B, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    range(Tensor(weak: start), Tensor(weak: end), 1, dtype, requiresGrad)
  }

  /// Numbers from 0 up to but not including `end`, 1 apart.
  public static func arange<B: TensorScalar>(
    _ end: B, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    range(0, Tensor(weak: end), 1, dtype, requiresGrad)
  }

  private static func range(
    _ start: Tensor, _ end: Tensor, _ step: Tensor, _ dtype: DType?, _ requiresGrad: Bool
  ) -> Tensor {
    let isInteger = [start, end, step].allSatisfy { !$0.dtype.isDifferentiable }
    let dtype = dtype ?? (isInteger ? .int64 : .default)
    guard ![start, end, step].contains(where: { $0.dtype.isComplex }), !dtype.isComplex else {
      return misuse("arange: not implemented for complex numbers")
    }
    // An integer dtype truncates the three first, as PyTorch does.
    let exact = isInteger || dtype.isInteger
    func number(_ x: Tensor) -> Double {
      let value = Double(bitPattern: x.value.cast(to: .float64).bits)
      return exact && value.isFinite ? value.rounded(.towardZero) : value
    }
    let (a, b, s) = (number(start), number(end), number(step))
    guard a.isFinite && b.isFinite else {
      return misuse("arange: unsupported range: \(a.brief) -> \(b.brief)")
    }
    guard s != 0 && !s.isNaN else { return misuse("arange: step must be nonzero") }
    guard s > 0 ? b >= a : b <= a else {
      return misuse(
        "arange: upper bound and lower bound inconsistent with step sign: "
          + "\(a.brief) to \(b.brief) by \(s.brief)")
    }
    let size = ((b - a) / s).rounded(.up)
    guard size < 0x1p48 else {
      return misuse("arange: \(size.brief) elements are too many")
    }
    let count = Int(size)
    var result: Tensor
    if exact {
      let (first, by) = (Int64(a), Int64(s))
      result = Tensor((0..<count).map { first + Int64($0) * by }, shape: [count]).to(dtype)
    } else {
      result = Tensor((0..<count).map { a + Double($0) * s }, shape: [count], dtype: .float64)
        .to(dtype)
    }
    if requiresGrad { result.requiresGrad = true }
    return result
  }

  /// `steps` numbers from `start` to `end`, both included, evenly spaced.
  ///
  ///     Tensor.linspace(0, 1, steps: 5)   // tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
  public static func linspace(
    _ start: Double, _ end: Double, steps: Int, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    guard steps >= 0 else {
      return misuse("linspace: number of steps must be non-negative, but is \(steps)")
    }
    let dtype = dtype ?? .default
    // Integers have integral ends.
    let start = dtype.isInteger ? start.rounded(.towardZero) : start
    let end = dtype.isInteger ? end.rounded(.towardZero) : end
    // Counted from the nearer end, so that both ends are exact.
    let step = steps > 1 ? (end - start) / Double(steps - 1) : 0
    let numbers = (0..<steps).map {
      $0 < steps / 2 || steps == 1 ? start + step * Double($0) : end - step * Double(steps - 1 - $0)
    }
    var result = Tensor(numbers, shape: [steps], dtype: .float64).to(dtype)
    if requiresGrad { result.requiresGrad = true }
    return result
  }

  /// The identity matrix, or ones on the main diagonal of an n × m matrix.
  ///
  ///     Tensor.eye(2)   // tensor([[1., 0.], [0., 1.]])
  public static func eye(_ n: Int, _ m: Int? = nil, dtype: DType? = nil) -> Tensor {
    guard n >= 0, (m ?? 0) >= 0 else {
      return misuse("eye: sizes must not be negative, but are \(n) and \(m ?? n)")
    }
    let rows = Tensor.arange(n).reshape([n, 1])
    return rows.eq(Tensor.arange(m ?? n).reshape([1, m ?? n])).to(dtype ?? .default)
  }

  /// A tensor whose elements are not set: zeros, as nothing is gained by leaving them undefined.
  public static func empty(
    _ shape: Shape, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    zeros(shape, dtype: dtype, requiresGrad: requiresGrad)
  }
  public static func empty(_ sizes: Int...) -> Tensor { zeros(sizes) }
  public static func empty(like other: Tensor, dtype: DType? = nil) -> Tensor {
    zeros(like: other, dtype: dtype)
  }
}

extension Operation {
  static let arange = Operation(
    "arange", .creation,
    samples: [
      Sample(.uniform(-2...2, [4])) { $0[0] * Tensor.arange(0, 1, 0.25, dtype: $0[0].dtype) },
      Sample(.uniform(-2...2, [3])) { $0[0] * Tensor.linspace(1, 2, steps: 3) },
      Sample(.uniform(-2...2, [2, 3])) { $0[0] * Tensor.eye(2, 3) },
    ])
}

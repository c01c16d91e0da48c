import KobaiTensor

extension Tensor {
  /// The product of corresponding elements; shapes broadcast, dtypes promote.
  ///
  ///     2 * Tensor([1.0, 2.0])   // tensor([2., 4.])
  @inlinable
  public static func * (x: Tensor, y: Tensor) -> Tensor { elementwise(Primitives.Mul(), x, y) }

  @inlinable
  public static func * <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x * Tensor(weak: y) }

  @inlinable
  public static func * <S: TensorScalar>(x: S, y: Tensor) -> Tensor { Tensor(weak: x) * y }

  /// The product of corresponding elements.
  @inlinable public func mul(_ y: some TensorOperand) -> Tensor { self * y.operand }
}

/// A number times a gradient that may be missing: `w -= lr * w.grad`.
public func * <S: TensorScalar>(x: S, y: Tensor?) -> Tensor {
  guard let y else {
    return misuse("mul: the gradient is nil; call backward() on a result that depends on it first")
  }
  return x * y
}

extension Primitives {
  public struct Mul: BinaryElementwise {
    public static let name = "mul"
    @inlinable public static var staticName: StaticString { "mul" }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.mul) }
    @inlinable public var residualsForX: Residuals { .input(1) }
    @inlinable public var residualsForY: Residuals { .input(0) }
    @inlinable public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { y }
    @inlinable public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { x }
  }
}

extension Operation {
  static let mul = Operation(
    "mul", .elementwise, primitives: [Primitives.Mul.self],
    samples: [
      Sample(.uniform(), .uniform()) { $0[0] * $0[1] },
      Sample(.uniform(-2...2, [2, 1, 3]), .uniform(-2...2, [4, 1])) { $0[0] * $0[1] },
      Sample(.uniform(-2...2, []), .uniform()) { $0[0] * $0[1] },
      Sample(.uniform(-2...2, [0, 3]), .uniform(-2...2, [3])) { $0[0] * $0[1] },
      Sample(.uniform()) { $0[0] * 2.5 },
      Sample(.special) { $0[0] * $0[0] },
      Sample(.complex(), .complex()) { $0[0] * $0[1] },
    ])
}

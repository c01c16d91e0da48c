import KobaiTensor

infix operator ** : ExponentiationPrecedence

precedencegroup ExponentiationPrecedence {
  associativity: right
  higherThan: MultiplicationPrecedence
}

extension Tensor {
  /// Each element to the power of the corresponding one; shapes broadcast, dtypes promote.
  ///
  ///     Tensor([2.0, 3.0]) ** 2   // tensor([4., 9.])
  ///
  /// - Note: an integer tensor does not take a negative integer number as exponent.
  /// - Derivative: in x, y · x^(y−1), and 0 where y is 0; in y, x^y · ln x, and 0 where x and y are 0.
  public static func ** (x: Tensor, y: Tensor) -> Tensor { x.pow(y) }
  public static func ** <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x.pow(Tensor(weak: y)) }
  public static func ** <S: TensorScalar>(x: S, y: Tensor) -> Tensor { Tensor(weak: x).pow(y) }

  /// Each element to the power of the corresponding one; see `**`.
  public func pow(_ y: Tensor) -> Tensor {
    if y.value.meta.has(Value.Meta.weak), y.value.meta.dtype == .int64 {
      let exponent = Int64(bitPattern: y.value.bits)
      if exponent < 0 && (dtype.isInteger || dtype == .bool) {
        return misuse(
          "pow: integers to negative integer powers are not allowed; convert with .to(.float32)")
      }
      // A whole exponent on a tracked base is common enough to have its cheaper rule.
      if exponent == 2 && dtype.isDifferentiable { return bind(Primitives.Square(), self) }
    }
    return Tensor.elementwise(Primitives.Pow(), self, y)
  }
}

extension Primitives {
  public struct Pow: BinaryElementwise {
    public static let name = "pow"
    @inlinable public static var staticName: StaticString { "pow" }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.pow) }
    public var residualsForX: Residuals { .inputs }
    public var residualsForY: Residuals { [.input(0), .input(1), .output] }

    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      // x^(−1) at x = 0 is infinite where the exponent is 0, but the derivative there is 0.
      let slope = y * x.pow(y - 1)
      return Tensor.where(y.eq(0), Tensor.zeros(like: slope), slope)
    }

    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      let slope = z * x.log()
      let vanishes = x.eq(0).logicalAnd(y.ge(0))
      return Tensor.where(vanishes, Tensor.zeros(like: slope), slope)
    }
  }

  public struct Square: UnaryElementwise {
    public static let name = "square"
    public static let gradientName = "PowBackward0"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.square) }
    @inlinable public var residuals: Residuals { .input }
    @inlinable public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 2 * x }
  }
}

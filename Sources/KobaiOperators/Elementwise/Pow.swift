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
  ///     2 ** Tensor([1, 3])       // tensor([2, 8])
  ///
  /// - Note: an integer tensor does not take a negative integer number as exponent.
  /// - Derivative: in x, y · x^(y−1), and 0 where y is 0; in y, x^y · ln x, and 0 where x is 0 and y is
  ///   not negative.
  @inlinable public static func ** (x: Tensor, y: Tensor) -> Tensor { x.raised(to: y) }
  @inlinable public static func ** <S: TensorScalar>(x: Tensor, y: S) -> Tensor {
    x.raised(to: y.operand)
  }
  @inlinable public static func ** <S: TensorScalar>(x: S, y: Tensor) -> Tensor {
    x.operand.raised(to: y)
  }

  /// Each element to the power of the corresponding one; see `**`.
  @inlinable public func pow(_ y: some TensorOperand) -> Tensor { raised(to: y.operand) }

  /// The square of each element.
  ///
  ///     Tensor([2.0, 3.0]).square()   // tensor([4., 9.])
  @inlinable public func square() -> Tensor { raised(to: 2) }

  /// Each element to the power of the corresponding one, computed in float64 (or complex128).
  ///
  ///     Tensor([2, 3]).floatPower(-1)   // tensor([0.5000, 0.3333], dtype=float64)
  public func floatPower(_ y: some TensorOperand) -> Tensor {
    let y = y.operand
    let wide: DType = dtype.isComplex || y.dtype.isComplex ? .complex128 : .float64
    return to(wide).raised(to: y.isNumber ? y : y.to(wide))
  }

  @usableFromInline
  func raised(to y: Tensor) -> Tensor {
    guard y.isNumber, !value.meta.has(Value.Meta.weak) else {
      return Tensor.elementwise(Primitives.Pow(), self, y)
    }
    // A live tensor's state is read once, here.
    let x = resolved
    let dtype = x.value.dtype
    let isWhole = y.value.dtype == .int64
    if dtype.isDifferentiable {
      let exponent =
        isWhole ? Double(Int64(bitPattern: y.value.bits)) : y.value.cast(to: .float64).float64
      return exponent == 2
        ? bind(Primitives.Square(), x) : bind(Primitives.PowNumber(exponent: exponent), x)
    }
    if isWhole && Int64(bitPattern: y.value.bits) < 0 {
      return misuse(
        "pow: Integers to negative integer powers are not allowed; convert with .to(.float32)")
    }
    return Tensor.elementwise(Primitives.Pow(), x, y)
  }
}

extension Value {
  /// The element of a rank-0 float64 value.
  fileprivate var float64: Double { Double(bitPattern: bits) }
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
      timesDerivativeX(Tensor.ones(like: x), x, y)
    }

    // x^(−1) at x = 0 is infinite where the exponent is 0, but the derivative there is 0, also next to a
    // factor that is not finite.
    private func timesDerivativeX(_ factor: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
      let product = factor * (y * x.pow(y - 1))
      return Tensor.where(y.eq(0), Tensor.zeros(like: product), product)
    }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      timesDerivativeX(dz.conjugatedIfComplex, x, y).conjugatedIfComplex
    }
    public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      timesDerivativeX(dx, x, y)
    }

    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      let slope = z * x.log()
      let exponent = y.dtype.isComplex ? y.real : y
      let vanishes = x.eq(0).logicalAnd(exponent.ge(0))
      return Tensor.where(vanishes, Tensor.zeros(like: slope), slope)
    }
  }

  /// A power with a number as exponent: nothing but x is kept, and the rule needs no case distinction.
  public struct PowNumber: UnaryElementwise {
    public static let name = "pow"
    let exponent: Double

    public var program: Program { .unary { x in .pow(x, .constant(exponent)) } }
    public func infer(_ x: TensorType) -> TensorType { x }
    /// The bits of `program`, which a call by itself does not build.
    public func evaluate(_ x: Value) -> Value {
      let number = Value(bits: exponent.bitPattern, dtype: .float64).cast(to: x.dtype)
      return ElementwiseEvaluation.binary(.binary(.pow), x, number, "pow")
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      exponent == 0 ? Tensor.zeros(like: x) : exponent * x.pow(exponent - 1)
    }
  }

  public struct Square: Activation {
    public static let name = "square"
    public static let gradientName = "PowBackward0"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.square) }
    @inlinable public var residuals: Residuals { .input }
    /// The bits of 2x, without the road that a number beside a tensor takes.
    @inlinable public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { x + x }
    /// One number takes less time in two instructions by themselves than in a program.
    @inlinable public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      x.rank == 0 ? dy * derivative(x, y).conjugatedIfComplex : slopePullback(dy, x)
    }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, x in dy * (x + x) }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.full(like: x, 2) }
  }
}

extension Operation {
  static let pow = Operation(
    "pow", .elementwise, primitives: [Primitives.Pow.self, Primitives.PowNumber.self],
    samples: [
      Sample(.uniform(0.5...2), .uniform()) { $0[0] ** $0[1] },
      Sample(.uniform(0.5...2, [2, 1, 3]), .uniform(-2...2, [4, 1])) { $0[0] ** $0[1] },
      Sample(.uniform()) { $0[0] ** 3 },
      Sample(.uniform()) { $0[0] ** 0 },
      Sample(.uniform(0.5...2)) { $0[0] ** -1.5 },
      Sample(.uniform()) { 2 ** $0[0] },
      Sample(.special) { $0[0] ** 2.5 },
      Sample(.integers(-3..<3, [4]), .integers(0..<4, [4])) { $0[0] ** $0[1] },
      Sample(.complex(0.5...2), .complex()) { $0[0] ** $0[1] },
      Sample(.complex(0.5...2)) { $0[0] ** 1.5 },
    ])
  static let square = Operation(
    "square", .elementwise, primitives: [Primitives.Square.self],
    samples: [
      Sample(.uniform()) { $0[0].square() },
      Sample(.integers(-3..<3, [4])) { $0[0].square() },
      Sample(.complex()) { $0[0].square() },
    ])
  static let floatPower = Operation(
    "floatPower", .elementwise,
    samples: [
      Sample(.uniform(0.5...2), .uniform()) { $0[0].floatPower($0[1]) },
      Sample(.integers(1..<4, [3])) { $0[0].floatPower(-2) },
    ])
}

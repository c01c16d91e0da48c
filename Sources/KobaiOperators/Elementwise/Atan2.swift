import KobaiTensor

// Functions of two real numbers: the angle and the length of a vector, a sign, x · ln y.

extension Tensor {
  /// The angle of the point (x, y) with x the argument and y this tensor, in −π ... π.
  ///
  ///     Tensor([1.0]).atan2(Tensor([-1.0]))   // tensor([2.3562])
  ///
  /// - Returns: shapes broadcast; the default dtype for integers. Not for complex numbers.
  /// - Derivative: x / (x² + y²) and −y / (x² + y²); 0 at the origin.
  public func atan2(_ x: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Atan2(), self, x.operand)
  }

  /// √(x² + y²) without overflow in between.
  ///
  ///     Tensor([3.0]).hypot(Tensor([4.0]))   // tensor([5.])
  ///
  /// - Returns: shapes broadcast. Not for integers or complex numbers.
  /// - Derivative: x / z and y / z; NaN at the origin.
  public func hypot(_ y: some TensorOperand) -> Tensor {
    let dtype = Operands.resultType([resolved, y.operand.resolved])
    guard dtype.isFloatingPoint else {
      return misuse("hypot: not implemented for '\(dtype.torchName)'; convert with .to(.float32)")
    }
    return Tensor.elementwise(Primitives.Hypot(), self, y.operand)
  }

  /// The absolute value of each element with the sign of the corresponding one, of −0 too.
  ///
  ///     Tensor([1.0, -2]).copysign(Tensor([-0.0, 3]))   // tensor([-1., 2.])
  ///
  /// - Returns: shapes broadcast; the default dtype for integers. Not for complex numbers.
  /// - Derivative: ±1 in x, and 0 where x is 0; 0 in y.
  public func copysign(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Copysign(), self, y.operand)
  }

  /// x · ln y, and 0 where x is 0 unless y is NaN.
  ///
  ///     Tensor([0.0, 2]).xlogy(Tensor([0.0, 1]))   // tensor([0., 0.])
  ///
  /// - Returns: shapes broadcast; the default dtype for integers. Not for complex numbers.
  public func xlogy(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Xlogy(), self, y.operand)
  }
}

extension Primitives {
  public struct Atan2: BinaryElementwise {
    public static let name = "atan2"
    @inlinable public static var promotion: Promotion { .floating }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.atan2) }
    public var residualsForX: Residuals { .inputs }
    public var residualsForY: Residuals { .inputs }
    private func over(_ numerator: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
      let square = x * x + y * y
      let slope = numerator / square
      return Tensor.where(square.eq(0), Tensor.zeros(like: slope), slope)
    }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { over(y, x, y) }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { over(-x, x, y) }
  }

  public struct Hypot: BinaryElementwise {
    public static let name = "hypot"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.hypot) }
    public var residualsForX: Residuals { [.input(0), .output] }
    public var residualsForY: Residuals { [.input(1), .output] }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { x / z }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { y / z }
  }

  public struct Copysign: BinaryElementwise {
    public static let name = "copysign"
    @inlinable public static var promotion: Promotion { .floating }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.copysign) }
    public var residualsForX: Residuals { [.input(0), .output] }
    public var residualsForY: Residuals { .none }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      let ratio = (z / x).detach()
      return Tensor.where(x.eq(0), Tensor.zeros(like: ratio), ratio)
    }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 0 }
    public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      Tensor.zeros(like: dz)
    }
    public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
  }

  public struct Xlogy: BinaryElementwise {
    public static let name = "xlogy"
    @inlinable public static var promotion: Promotion { .floating }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.xlogy) }
    public var residualsForX: Residuals { .inputs }
    public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      slope(Tensor.ones(like: x), x, y)
    }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { x / y }
    /// u · ln y, 0 where u is 0, as where x is 0 and ln y is not finite.
    private func slope(_ u: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
      let slope = u.xlogy(y)
      return Tensor.where(x.eq(0).logicalAnd(y.le(0)), Tensor.zeros(like: slope), slope)
    }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      slope(dz, x, y)
    }
    public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      slope(dx, x, y)
    }
  }
}

extension Operation {
  static let atan2 = Operation(
    "atan2", .elementwise, primitives: [Primitives.Atan2.self],
    samples: [
      Sample(.uniform(), .uniform(0.5...2)) { $0[0].atan2($0[1]) },
      Sample(.uniform(), .uniform(0.5...2, [3])) { $0[0].atan2($0[1]) },
      Sample(.special) { $0[0].atan2($0[0]) },
    ])
  static let hypot = Operation(
    "hypot", .elementwise, primitives: [Primitives.Hypot.self],
    samples: [
      Sample(.uniform(), .uniform(0.5...2, [3])) { $0[0].hypot($0[1]) },
      Sample(.special) { $0[0].hypot($0[0]) },
    ])
  static let copysign = Operation(
    "copysign", .elementwise, primitives: [Primitives.Copysign.self],
    samples: [
      Sample(.uniform(0.5...2), .uniform(-2 ... -0.5, [3])) { $0[0].copysign($0[1]) },
      Sample(.special) { $0[0].copysign(-1) },
    ])
  static let xlogy = Operation(
    "xlogy", .elementwise, primitives: [Primitives.Xlogy.self],
    samples: [
      Sample(.uniform(), .uniform(0.5...2, [3])) { $0[0].xlogy($0[1]) },
      Sample(.special) { $0[0].xlogy($0[0]) },
    ])
}

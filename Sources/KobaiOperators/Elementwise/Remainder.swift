import KobaiTensor

extension Tensor {
  /// The remainder of the division that rounds down: it has the divisor's sign, as Python's `%`.
  ///
  ///     Tensor([7, -7]) % 3   // tensor([1, 2])
  ///
  /// - Derivative: 1 in x, −⌊x / y⌋ in y. An integer modulo 0 is a misuse.
  public static func % (x: Tensor, y: Tensor) -> Tensor {
    wholeDivision(Primitives.Remainder(), x, y)
  }
  public static func % <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x % y.operand }
  public static func % <S: TensorScalar>(x: S, y: Tensor) -> Tensor { x.operand % y }

  /// The remainder of the division that rounds down; see `%`.
  public func remainder(_ y: some TensorOperand) -> Tensor { self % y.operand }

  /// The remainder of the division that rounds towards 0: it has the dividend's sign, as C's `fmod`.
  ///
  ///     Tensor([7, -7]).fmod(3)   // tensor([1, -1])
  ///
  /// - Derivative: 1 in x, −trunc(x / y) in y. An integer modulo 0 is a misuse.
  public func fmod(_ y: some TensorOperand) -> Tensor {
    Tensor.wholeDivision(Primitives.Fmod(), self, y.operand)
  }
}

extension Primitives {
  public struct Remainder: BinaryElementwise {
    public static let name = "remainder"
    @inlinable public static var staticName: StaticString { "remainder: ZeroDivisionError" }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.remainder) }
    public var residualsForX: Residuals { .none }
    public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 1 }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { dz }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      -x.div(y, roundingMode: .floor)
    }
  }

  public struct Fmod: BinaryElementwise {
    public static let name = "fmod"
    @inlinable public static var staticName: StaticString { "fmod: ZeroDivisionError" }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.fmod) }
    public var residualsForX: Residuals { .none }
    public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 1 }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { dz }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      -x.div(y, roundingMode: .trunc)
    }
  }
}

extension Operation {
  static let remainder = Operation(
    "remainder", .elementwise, primitives: [Primitives.Remainder.self],
    samples: [
      Sample(.uniform(4.1...4.9), .uniform(2.5...2.9)) { $0[0] % $0[1] },
      Sample(.integers(-9..<9, [2, 3]), .integers(1..<4, [3])) { $0[0] % $0[1] },
      Sample(.special) { $0[0] % 2 },
    ])
  static let fmod = Operation(
    "fmod", .elementwise, primitives: [Primitives.Fmod.self],
    samples: [
      Sample(.uniform(4.1...4.9), .uniform(2.5...2.9)) { $0[0].fmod($0[1]) },
      Sample(.integers(-9..<9, [2, 3]), .integers(1..<4, [3])) { $0[0].fmod($0[1]) },
      Sample(.special) { $0[0].fmod(2) },
    ])
}

import KobaiTensor

/// What a division does with the fraction of its result.
public enum RoundingMode: String, Sendable, CaseIterable {
  /// Rounds down, as Python's `//`.
  case floor
  /// Rounds towards 0, as division of integers in Swift and C.
  case trunc
}

extension Tensor {
  /// The quotient of corresponding elements; shapes broadcast, integers become the default dtype.
  ///
  ///     Tensor([1, 2]) / 2   // tensor([0.5000, 1.0000])
  @inlinable
  public static func / (x: Tensor, y: Tensor) -> Tensor { elementwise(Primitives.Div(), x, y) }
  @inlinable
  public static func / <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x / Tensor(weak: y) }
  @inlinable
  public static func / <S: TensorScalar>(x: S, y: Tensor) -> Tensor { Tensor(weak: x) / y }

  /// The quotient of corresponding elements, rounded if a mode is given.
  ///
  ///     Tensor([7, -7]).div(2)                         // tensor([3.5000, -3.5000])
  ///     Tensor([7, -7]).div(2, roundingMode: .floor)   // tensor([3, -4])
  ///     Tensor([7, -7]).div(2, roundingMode: .trunc)   // tensor([3, -3])
  ///
  /// - Parameter roundingMode: integers stay integers when rounded; an integer divided by 0 is a misuse.
  /// - Derivative: 0 when rounded.
  public func div(_ y: some TensorOperand, roundingMode: RoundingMode? = nil) -> Tensor {
    switch roundingMode {
    case nil: self / y.operand
    case .floor: Tensor.wholeDivision(Primitives.FloorDiv(), self, y.operand)
    case .trunc: truncated(y.operand)
    }
  }

  /// The quotient of corresponding elements, rounded down; `div(_:roundingMode: .floor)`.
  ///
  ///     Tensor([7, -7]).floorDivide(2)   // tensor([3, -4])
  public func floorDivide(_ y: some TensorOperand) -> Tensor { div(y, roundingMode: .floor) }

  /// In the half types the quotient is rounded before it is truncated, as PyTorch does.
  private func truncated(_ y: Tensor) -> Tensor {
    let dtype = Operands.resultType([resolved, y.resolved])
    return dtype.computing == dtype
      ? Tensor.wholeDivision(Primitives.TruncDiv(), self, y) : (self / y).trunc()
  }

  /// Division and remainder of real numbers; not of two bool tensors.
  static func wholeDivision<P: BinaryElementwise>(
    _ primitive: P, _ x: Tensor, _ y: Tensor
  ) -> Tensor {
    let dtype = Operands.resultType([x.resolved, y.resolved])
    guard dtype != .bool && !dtype.isComplex else {
      return misuse(
        "\(P.name): not implemented for '\(dtype.torchName)' (\(dtype)) tensors; convert with "
          + ".to(.float32)")
    }
    return elementwise(primitive, x, y)
  }
}

extension DType {
  /// The dtype in which operations of several steps compute: float32 for the half types, so that they
  /// round once, at the end.
  var computing: DType { self == .float16 || self == .bfloat16 ? .float32 : self }
}

extension Primitives {
  public struct Div: BinaryElementwise {
    public static let name = "div"
    @inlinable public static var staticName: StaticString { "div" }
    @inlinable public static var promotion: Promotion { .floating }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.div) }
    @inlinable public var residualsForX: Residuals { .input(1) }
    @inlinable public var residualsForY: Residuals { [.input(1), .output] }
    @inlinable public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 1 / y }
    @inlinable public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { -z / y }
    /// A division instead of a product with a rounded reciprocal.
    @inlinable
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      dz / y.conjugatedIfComplex
    }
    @inlinable
    public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      dx / y
    }
  }

  public struct FloorDiv: BinaryPiecewiseConstant {
    public static let name = "floorDivide"
    @inlinable public static var staticName: StaticString { "floorDivide: ZeroDivisionError" }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.floorDiv) }
  }

  public struct TruncDiv: BinaryPiecewiseConstant {
    public static let name = "div"
    @inlinable public static var staticName: StaticString { "div: ZeroDivisionError" }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.truncDiv) }
  }
}

extension Operation {
  static let div = Operation(
    "div", .elementwise,
    primitives: [Primitives.Div.self, Primitives.FloorDiv.self, Primitives.TruncDiv.self],
    samples: [
      Sample(.uniform(), .uniform(0.5...2)) { $0[0] / $0[1] },
      Sample(.uniform(-2...2, [2, 1, 3]), .uniform(0.5...2, [4, 1])) { $0[0] / $0[1] },
      Sample(.uniform(-2...2, [0, 3]), .uniform(0.5...2, [3])) { $0[0] / $0[1] },
      Sample(.uniform()) { $0[0] / 2.5 },
      Sample(.uniform(0.5...2)) { 2 / $0[0] },
      Sample(.special) { $0[0].div($0[0]) },
      Sample(.complex(), .complex(0.5...2)) { $0[0] / $0[1] },
      Sample(.uniform(4.1...4.9), .uniform(2.5...2.9)) { $0[0].div($0[1], roundingMode: .floor) },
      Sample(.uniform(4.1...4.9), .uniform(2.5...2.9)) { $0[0].div($0[1], roundingMode: .trunc) },
    ])
  static let floorDivide = Operation(
    "floorDivide", .elementwise, primitives: [Primitives.FloorDiv.self],
    samples: [
      Sample(.integers(-9..<9, [2, 3]), .integers(1..<4, [3])) { $0[0].floorDivide($0[1]) },
      Sample(.special) { $0[0].floorDivide(2) },
    ])
}

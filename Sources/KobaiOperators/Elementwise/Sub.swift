import KobaiTensor

extension Tensor {
  /// The difference of corresponding elements; shapes broadcast, dtypes promote. Not for bool tensors.
  ///
  ///     Tensor([3, 4]) - 1   // tensor([2, 3])
  @inlinable
  public static func - (x: Tensor, y: Tensor) -> Tensor {
    if x.value.meta.dtype == .bool || y.value.meta.dtype == .bool {
      return refuseSubtraction(x, y)
    }
    return elementwise(Primitives.Sub(), x, y)
  }

  @usableFromInline
  static func refuseSubtraction(_ x: Tensor, _ y: Tensor) -> Tensor {
    x.dtype == y.dtype
      ? misuse(
        "sub: Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
          + "`logical_xor()` operator instead (here logicalXor).")
      : misuse(
        "sub: Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
          + "invert a mask, use the `~` or `logical_not()` operator instead (here logicalNot).")
  }

  @inlinable
  public static func - <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x - Tensor(weak: y) }

  @inlinable
  public static func - <S: TensorScalar>(x: S, y: Tensor) -> Tensor { Tensor(weak: x) - y }

  /// x − alpha · y.
  ///
  /// - Parameter alpha: a number; not a fraction for integer tensors.
  public func sub<Alpha: TensorOperand>(_ y: some TensorOperand, alpha: Alpha = 1) -> Tensor {
    guard let scaled = Self.scaled("sub", self, y.operand, by: alpha.operand) else {
      return .poison
    }
    return self - scaled
  }
}

extension Primitives {
  public struct Sub: BinaryElementwise {
    public static let name = "sub"
    @inlinable public static var staticName: StaticString { "sub" }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.sub) }
    @inlinable public var residualsForX: Residuals { .none }
    @inlinable public var residualsForY: Residuals { .none }
    @inlinable public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 1 }
    @inlinable public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { -1 }
    @inlinable public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor?
    { dz }
    @inlinable public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor?
    { -dz }
    @inlinable public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor)
      -> Tensor?
    { dx }
    @inlinable public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor)
      -> Tensor?
    { -dy }
  }
}

extension Operation {
  static let sub = Operation(
    "sub", .elementwise, primitives: [Primitives.Sub.self],
    samples: [
      Sample(.uniform(), .uniform()) { $0[0] - $0[1] },
      Sample(.uniform(-2...2, [2, 1, 3]), .uniform(-2...2, [4, 1])) { $0[0] - $0[1] },
      Sample(.uniform(-2...2, []), .uniform()) { $0[0] - $0[1] },
      Sample(.uniform()) { 2.5 - $0[0] },
      Sample(.uniform(), .uniform()) { $0[0].sub($0[1], alpha: 0.5) },
      Sample(.complex(), .complex()) { $0[0] - $0[1] },
    ])
}

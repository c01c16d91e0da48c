import KobaiTensor

extension Tensor {
  /// The difference of corresponding elements; shapes broadcast, dtypes promote. Not for two bool tensors.
  ///
  ///     Tensor([3, 4]) - 1   // tensor([2, 3])
  @inlinable
  public static func - (x: Tensor, y: Tensor) -> Tensor { elementwise(Primitives.Sub(), x, y) }

  @inlinable
  public static func - <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x - Tensor(weak: y) }

  @inlinable
  public static func - <S: TensorScalar>(x: S, y: Tensor) -> Tensor { Tensor(weak: x) - y }

  /// x − alpha · y.
  public func sub(_ y: Tensor, alpha: Tensor = 1) -> Tensor {
    guard let scaled = Self.scaled("sub", self, y, by: alpha) else { return .poison }
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
    @inlinable public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { dz }
    @inlinable public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { -dz }
    @inlinable public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { dx }
    @inlinable public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { -dy }
  }
}

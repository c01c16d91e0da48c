import KobaiTensor

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
}

import KobaiTensor

extension Tensor {
  /// The negative of each element. Not for bool; unsigned integers wrap.
  @inlinable
  public static prefix func - (x: Tensor) -> Tensor { x.neg() }

  /// The negative of each element. Not for bool; unsigned integers wrap.
  @inlinable
  public func neg() -> Tensor {
    guard value.meta.isPlain && value.dtype != .bool || dtype != .bool else {
      return misuse("neg: not defined for bool tensors; use ! to invert a mask")
    }
    return bind(Primitives.Neg(), self)
  }
}

extension Primitives {
  public struct Neg: UnaryElementwise {
    public static let name = "neg"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.neg) }
    @inlinable public var residuals: Residuals { .none }
    @inlinable public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { -1 }
    @inlinable public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { -dy }
    @inlinable public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { -dx }
  }
}

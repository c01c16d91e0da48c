import KobaiTensor

extension Tensor {
  /// The negative of each element. Not for bool; unsigned integers wrap.
  @inlinable
  public static prefix func - (x: Tensor) -> Tensor { x.neg() }

  /// The negative of each element. Not for bool; unsigned integers wrap.
  @inlinable
  public func neg() -> Tensor {
    // A live tensor's mark names its dtype too: no need to read its state twice.
    if value.meta.dtype == .bool { return refuseNegation() }
    return bind(Primitives.Neg(), self)
  }

  @usableFromInline
  func refuseNegation() -> Tensor {
    misuse(
      "neg: Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert "
        + "a mask, use the `~` or `logical_not()` operator instead. (Here also `!`.)")
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

extension Operation {
  static let neg = Operation(
    "neg", .elementwise, primitives: [Primitives.Neg.self],
    samples: [
      Sample(.uniform()) { -$0[0] },
      Sample(.uniform(-2...2, [])) { -$0[0] },
      Sample(.uniform(-2...2, [0, 2])) { -$0[0] },
      Sample(.special) { -$0[0] },
      Sample(.integers(-5..<5, [3])) { -$0[0] },
      Sample(.complex()) { -$0[0] },
    ])
}

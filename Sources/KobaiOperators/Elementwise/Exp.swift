import KobaiTensor

extension Tensor {
  /// e to the power of each element.
  ///
  ///     Tensor([0.0, 1.0]).exp()   // tensor([1.0000, 2.7183])
  ///
  /// - Returns: same shape; the default dtype for integer input.
  /// - Derivative: exp(x).
  @inlinable public func exp() -> Tensor { Tensor.floating(Primitives.Exp(), self) }
}

extension Primitives {
  public struct Exp: UnaryElementwise {
    public static let name = "exp"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.exp) }
    @inlinable public var residuals: Residuals { .output }
    @inlinable public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { y }
  }
}

extension Operation {
  static let exp = Operation(
    "exp", .elementwise, primitives: [Primitives.Exp.self],
    samples: [
      Sample(.uniform()) { $0[0].exp() },
      Sample(.special) { $0[0].exp() },
      Sample(.complex()) { $0[0].exp() },
    ])
}

import KobaiTensor

extension Tensor {
  /// The hyperbolic tangent of each element.
  ///
  ///     Tensor([0.0, 1.0]).tanh()   // tensor([0.0000, 0.7616])
  ///
  /// - Returns: same shape; the default dtype for integer input.
  /// - Derivative: 1 − tanh²(x).
  @inlinable public func tanh() -> Tensor { Tensor.floating(Primitives.Tanh(), self) }
}

extension Primitives {
  public struct Tanh: Activation {
    public static let name = "tanh"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.tanh) }
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 - y * y }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, y in dy * (1 - y * y) }
    public func curvature(_ y: Tensor) -> Tensor { -2 * y }
  }
}

extension Operation {
  static let tanh = Operation(
    "tanh", .elementwise, primitives: [Primitives.Tanh.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].tanh() },
      Sample(.special) { $0[0].tanh() },
      Sample(.complex(-1...1)) { $0[0].tanh() },
    ])
}

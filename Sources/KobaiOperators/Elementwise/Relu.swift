import KobaiTensor

extension Tensor {
  /// Each element, or 0 where it is negative. NaN stays NaN.
  ///
  ///     Tensor([-1.0, 2.0]).relu()   // tensor([0., 2.])
  ///
  /// - Returns: same shape and dtype. Not for bool or complex numbers.
  /// - Derivative: 1 where x > 0 or NaN, else 0 (at 0 too).
  @inlinable public func relu() -> Tensor { Tensor.unary(Primitives.Relu(), self, .ordered) }
}

/// Each element, or 0 where it is negative; `x.relu()`.
@inlinable public func relu(_ x: Tensor) -> Tensor { x.relu() }

extension Primitives {
  public struct Relu: Activation {
    public static let name = "relu"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.relu) }
    /// The output has zeros and NaN where the input has, and is often kept by the next layer anyway.
    @inlinable public var residuals: Residuals { .output }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { y.ne(0).to(y.dtype) }
    @inlinable public var slope: Program { .binary(.reluSlope) }
    public func curvature(_ y: Tensor) -> Tensor { Tensor.zeros(like: y) }
  }
}

extension Operation {
  static let relu = Operation(
    "relu", .elementwise, primitives: [Primitives.Relu.self],
    samples: [
      Sample(.distinct()) { $0[0].relu() },
      Sample(.uniform(0.5...2, [])) { $0[0].relu() },
      Sample(.special) { $0[0].relu() },
      Sample(.integers(-3..<3, [2, 3])) { $0[0].relu() },
    ])
}

import KobaiTensor

extension Tensor {
  /// The natural logarithm of each element.
  ///
  ///     Tensor([1.0, 2.718281828]).log()   // tensor([0., 1.])
  ///
  /// - Returns: same shape; the default dtype for integer input. −inf at 0, NaN below for real input.
  /// - Derivative: 1 / x.
  @inlinable public func log() -> Tensor { Tensor.floating(Primitives.Log(), self) }
}

extension Primitives {
  public struct Log: UnaryElementwise {
    public static let name = "log"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.log) }
    @inlinable public var residuals: Residuals { .input }
    @inlinable public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 / x }
    @inlinable public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dy / x.conjugatedIfComplex
    }
  }
}

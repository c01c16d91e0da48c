import KobaiTensor

extension Tensor {
  /// −1, 0 or 1 by the sign of each element; 0 for NaN. For complex numbers use `sgn()`.
  ///
  ///     Tensor([-2.5, 0, 3]).sign()   // tensor([-1., 0., 1.])
  public func sign() -> Tensor {
    guard !dtype.isComplex else {
      return misuse("sign: not implemented for complex tensors; use .sgn()")
    }
    return bind(Primitives.Sign(), self)
  }

  /// The sign of each element; for complex numbers z / |z|, and 0 at 0.
  ///
  ///     Tensor([Complex(3.0, 4.0)]).sgn()   // tensor([0.6000+0.8000j])
  public func sgn() -> Tensor { dtype.isComplex ? bind(Primitives.Sgn(), self) : sign() }
}

extension Primitives {
  public struct Sign: PiecewiseConstant {
    public static let name = "sign"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.sign) }
  }

  /// z / |z|. Its derivative keeps the part of dz across z and drops the part along it, over |z|; as a
  /// real-linear map that is its own adjoint, so both modes share it.
  public struct Sgn: UnaryPrimitive {
    public static let name = "sgn"
    public init() {}
    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value { ElementwiseEvaluation.unary(.unary(.sign), x) }
    public var residuals: Residuals { [.input, .output] }
    private func across(_ dz: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
      let slope = (dz - (y.conj() * dz).real * y) / x.abs()
      return Tensor.where(x.eq(0), Tensor.zeros(like: slope), slope)
    }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { across(dy, x, y) }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { across(dx, x, y) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Operation {
  static let sign = Operation(
    "sign", .elementwise, primitives: [Primitives.Sign.self],
    samples: [
      Sample(.distinct()) { $0[0].sign() },
      Sample(.special) { $0[0].sign() },
      Sample(.integers(-3..<3, [2, 3])) { $0[0].sign() },
    ])

  static let sgn = Operation(
    "sgn", .elementwise, primitives: [Primitives.Sgn.self],
    samples: [
      Sample(.distinct()) { $0[0].sgn() },
      Sample(.complex()) { $0[0].sgn() },
    ])
}

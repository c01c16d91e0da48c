import KobaiTensor

extension Tensor {
  /// The complex conjugate of each element; the tensor itself when it is real.
  public func conj() -> Tensor { dtype.isComplex ? bind(Primitives.Conj(), self) : self }

  /// What a derivative of a complex function is multiplied with in reverse mode.
  @inlinable
  public var conjugatedIfComplex: Tensor {
    value.meta.isPlain && !value.dtype.isComplex ? self : conj()
  }
}

extension Primitives {
  /// Real-linear, not complex-linear: its adjoint for Re⟨u, v⟩ is itself.
  public struct Conj: UnaryElementwise {
    public static let name = "conj"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.conj) }
    @inlinable public var residuals: Residuals { .none }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { 1 }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { dy.conj() }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { dx.conj() }
  }
}

extension Operation {
  static let conj = Operation(
    "conj", .elementwise, primitives: [Primitives.Conj.self],
    samples: [
      Sample(.complex()) { $0[0].conj() }, Sample(.complex(-2...2, [])) { $0[0].conj() },
      Sample(.uniform()) { $0[0].conj() },
    ])
}

import CKernels
import KobaiTensor

extension Tensor {
  /// The absolute value of each element; for complex numbers the modulus, which is real.
  ///
  ///     Tensor([-1.5, 2]).abs()                  // tensor([1.5000, 2.0000])
  ///     Tensor([Complex(3.0, 4.0)]).abs()        // tensor([5.])
  ///
  /// - Returns: same shape and dtype, or the real dtype. The smallest signed integer stays as it is.
  /// - Derivative: the sign of x (z / |z|), and 0 at 0.
  @inlinable
  public func abs() -> Tensor {
    if value.meta.isPlain && !value.dtype.isComplex { return bind(Primitives.Abs(), self) }
    let x = resolved
    return x.dtype.isComplex ? bind(Primitives.ComplexAbs(), x) : bind(Primitives.Abs(), x)
  }
}

extension Primitives {
  public struct Abs: UnaryElementwise {
    public static let name = "abs"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.abs) }
    @inlinable public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { x.sign() }
  }

  /// |z| as a real function of two real variables: its gradient is z / |z|.
  public struct ComplexAbs: UnaryPrimitive {
    public static let name = "abs"
    public init() {}
    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype.real, x.shape) }
    public func evaluate(_ x: Value) -> Value {
      let layout = x.layout
      return x.withElements { pointer, strides in
        Value.make(x.dtype.real, layout.contiguous) { out in
          kb_complex_abs(x.dtype.code, layout.rank, layout.shape, pointer, strides, out)
        }
      }
    }
    public var residuals: Residuals { .input }
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { dy * x.sgn() }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      (x.sgn().conj() * dx).real
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Operation {
  static let abs = Operation(
    "abs", .elementwise, primitives: [Primitives.Abs.self, Primitives.ComplexAbs.self],
    samples: [
      Sample(.distinct()) { $0[0].abs() },
      Sample(.uniform(-2...2, [])) { $0[0].abs() },
      Sample(.special) { $0[0].abs() },
      Sample(.integers(-5..<5, [2, 3])) { $0[0].abs() },
      Sample(.complex()) { $0[0].abs() },
    ])
}

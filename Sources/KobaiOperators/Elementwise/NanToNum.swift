import KobaiTensor

extension Tensor {
  /// Each element, with NaN and infinities replaced by numbers.
  ///
  ///     Tensor([Double.nan, .infinity, 1]).nanToNum(posInf: 9)   // tensor([0., 9., 1.])
  ///
  /// - Parameters:
  ///   - nan: in place of NaN.
  ///   - posInf: in place of +∞; the dtype's largest number unless stated.
  ///   - negInf: in place of −∞; the dtype's smallest number unless stated.
  /// - Returns: same shape and dtype; integers as they are; of complex numbers both parts are replaced.
  /// - Derivative: 0 where an element is replaced.
  public func nanToNum(nan: Double = 0, posInf: Double? = nil, negInf: Double? = nil) -> Tensor {
    let x = resolved
    if x.dtype.isComplex {
      return Tensor.complex(
        x.real.nanToNum(nan: nan, posInf: posInf, negInf: negInf),
        x.imag.nanToNum(nan: nan, posInf: posInf, negInf: negInf))
    }
    guard x.dtype.isFloatingPoint else { return x }
    let largest = x.dtype.greatestFinite
    return bind(Primitives.NanToNum(nan, posInf ?? largest, negInf ?? -largest), x)
  }
}

extension Primitives {
  public struct NanToNum: Activation {
    public static let name = "nanToNum"
    let replacement, posInf, negInf: Double
    public let program: Program
    init(_ nan: Double, _ posInf: Double, _ negInf: Double) {
      replacement = nan
      self.posInf = posInf
      self.negInf = negInf
      program = Self.valueProgram(nan, posInf, negInf)
    }
    private static let valueProgram = Program.Template.unary(3) { x, p in
      let limits = ElementwiseExpression.select(.gt(x, 0), p[1], p[2])
      return .select(.isNaN(x), p[0], .select(.isInfinite(x), limits, x))
    }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, x in .select(.isFinite(x), dy, 0) }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor { x.isFinite().to(x.dtype) }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }
}

extension Operation {
  static let nanToNum = Operation(
    "nanToNum", .elementwise, primitives: [Primitives.NanToNum.self],
    samples: [
      Sample(.uniform()) { $0[0].nanToNum() },
      Sample(.special) { $0[0].nanToNum(nan: 3, posInf: 9, negInf: -8) },
      Sample(.complex()) { $0[0].nanToNum() },
    ])
}

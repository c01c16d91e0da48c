import KobaiTensor

// Activations that are 0 in an interval around 0 or below a threshold, and softsign, tanhshrink.

extension Tensor {
  /// Each element, or 0 where it lies in −lambda ... lambda.
  ///
  ///     Tensor([-1.0, 0.25]).hardshrink()   // tensor([-1., 0.])
  public func hardshrink(lambda: Double = 0.5) -> Tensor {
    Tensor.unary(Primitives.Hardshrink(lambda), self, .floatingPoint)
  }

  /// Each element moved by lambda towards 0, and 0 where it lies in −lambda ... lambda.
  ///
  ///     Tensor([-1.0, 0.25]).softshrink()   // tensor([-0.5000, 0.0000])
  public func softshrink(lambda: Double = 0.5) -> Tensor {
    guard lambda >= 0, dtype.greatestFinite >= lambda else {
      return misuse(
        "softshrink: lambda must be in range [0, \(dtype.greatestFinite)] for input dtype \(dtype), "
          + "but found \(lambda)")
    }
    return Tensor.unary(Primitives.Softshrink(lambda), self, .floatingPoint)
  }

  /// Each element above the threshold; `value` in place of the others.
  ///
  ///     Tensor([-1.0, 2.0]).threshold(0.5, value: 10)   // tensor([10., 2.])
  public func threshold(_ threshold: Double, value: Double) -> Tensor {
    Tensor.unary(Primitives.Threshold(threshold, value), self, .ordered)
  }

  /// x / (1 + |x|).
  ///
  ///     Tensor([-1.0, 3.0]).softsign()   // tensor([-0.5000, 0.7500])
  public func softsign() -> Tensor { self / (abs() + 1) }

  /// x − tanh(x).
  ///
  ///     Tensor([0.0, 1.0]).tanhshrink()   // tensor([0.0000, 0.2384])
  public func tanhshrink() -> Tensor { self - tanh() }
}

extension Primitives {
  public struct Hardshrink: Activation {
    public static let name = "hardshrink"
    let lambda: Double
    public let program, slope: Program
    init(_ lambda: Double) {
      self.lambda = lambda
      let (low, high) = (
        ElementwiseExpression.constant(-lambda), ElementwiseExpression.constant(lambda)
      )
      program = .unary { x in .select(.ge(x, low), .select(.le(x, high), 0, x), x) }
      slope = .binary { dy, x in .select(.gt(x, high), dy, .select(.lt(x, low), dy, 0)) }
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      x.gt(lambda).logicalOr(x.lt(-lambda)).to(x.dtype)
    }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }

  public struct Softshrink: Activation {
    public static let name = "softshrink"
    let lambda: Double
    public let program, slope: Program
    init(_ lambda: Double) {
      self.lambda = lambda
      let (low, high) = (
        ElementwiseExpression.constant(-lambda), ElementwiseExpression.constant(lambda)
      )
      // x · 0 instead of 0: NaN stays.
      program = .unary { x in
        .select(.gt(x, high), x - high, .select(.lt(x, low), x + high, x * 0))
      }
      slope = .binary { dy, x in .select(.gt(x, high), dy, .select(.lt(x, low), dy, 0)) }
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      x.gt(lambda).logicalOr(x.lt(-lambda)).to(x.dtype)
    }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }

  public struct Threshold: Activation {
    public static let name = "threshold"
    let limit, other: Double
    public let program, slope: Program
    init(_ threshold: Double, _ value: Double) {
      limit = threshold
      other = value
      let (a, b) = (
        ElementwiseExpression.constant(threshold), ElementwiseExpression.constant(value)
      )
      program = .unary { x in .select(.le(x, a), b, x) }
      slope = .binary { dy, x in .select(.le(x, a), 0, dy) }
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      x.le(limit).logicalNot().to(x.dtype)
    }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }
}

extension Operation {
  static let hardshrink = Operation(
    "hardshrink", .elementwise, primitives: [Primitives.Hardshrink.self],
    samples: [
      Sample(.distinct()) { $0[0].hardshrink(lambda: 0.6) },
      Sample(.special) { $0[0].hardshrink() },
    ])
  static let softshrink = Operation(
    "softshrink", .elementwise, primitives: [Primitives.Softshrink.self],
    samples: [
      Sample(.distinct()) { $0[0].softshrink(lambda: 0.6) },
      Sample(.special) { $0[0].softshrink() },
    ])
  static let threshold = Operation(
    "threshold", .elementwise, primitives: [Primitives.Threshold.self],
    samples: [
      Sample(.distinct()) { $0[0].threshold(0.1, value: 20) },
      Sample(.special) { $0[0].threshold(0.1, value: 20) },
    ])
  static let softsign = Operation(
    "softsign", .elementwise,
    samples: [
      Sample(.distinct()) { $0[0].softsign() },
      Sample(.special) { $0[0].softsign() },
    ])
  static let tanhshrink = Operation(
    "tanhshrink", .elementwise, samples: [Sample(.uniform()) { $0[0].tanhshrink() }])
}

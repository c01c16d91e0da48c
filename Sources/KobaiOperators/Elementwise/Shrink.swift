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
    public let program: Program
    init(_ lambda: Double) {
      self.lambda = lambda
      program = Self.valueProgram(-lambda, lambda)
    }
    private static let valueProgram = Program.Template.unary(2) { x, p in
      .select(.ge(x, p[0]), .select(.le(x, p[1]), 0, x), x)
    }
    public var slope: Program { Self.slopeProgram(-lambda, lambda) }
    /// Softshrink's too.
    static let slopeProgram = Program.Template.binary(2) { dy, x, p in
      .select(.gt(x, p[1]), dy, .select(.lt(x, p[0]), dy, 0))
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
    public let program: Program
    init(_ lambda: Double) {
      self.lambda = lambda
      program = Self.valueProgram(-lambda, lambda)
    }
    private static let valueProgram = Program.Template.unary(2) { x, p in
      // x · 0 instead of 0: NaN stays.
      .select(.gt(x, p[1]), x - p[1], .select(.lt(x, p[0]), x + p[1], x * 0))
    }
    public var slope: Program { Hardshrink.slopeProgram(-lambda, lambda) }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      x.gt(lambda).logicalOr(x.lt(-lambda)).to(x.dtype)
    }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }

  public struct Threshold: Activation {
    public static let name = "threshold"
    let limit, other: Double
    public let program: Program
    init(_ threshold: Double, _ value: Double) {
      limit = threshold
      other = value
      program = Self.valueProgram(threshold, value)
    }
    private static let valueProgram = Program.Template.unary(2) { x, p in
      .select(.le(x, p[0]), p[1], x)
    }
    public var slope: Program { Self.slopeProgram(limit) }
    private static let slopeProgram = Program.Template.binary(1) { dy, x, p in
      .select(.le(x, p[0]), 0, dy)
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

import KobaiTensor

extension Tensor {
  /// Each positive element; alpha · (exp(x) − 1) of the others.
  ///
  ///     Tensor([-1.0, 2.0]).elu()   // tensor([-0.6321, 2.0000])
  ///
  /// - Returns: same shape and dtype. Not for integers or complex numbers.
  /// - Derivative: 1 for x > 0, alpha · exp(x) for the others.
  public func elu(alpha: Double = 1) -> Tensor {
    Tensor.unary(Primitives.Elu(alpha: alpha), self, .floatingPoint)
  }

  /// The continuously differentiable ELU: alpha · (exp(x / alpha) − 1) where x is not positive.
  ///
  ///     Tensor([-1.0, 2.0]).celu(alpha: 2)   // tensor([-0.7869, 2.0000])
  public func celu(alpha: Double = 1) -> Tensor {
    guard alpha != 0 else {
      return misuse("celu: ZeroDivisionError: alpha cannot be 0 for CELU; give another alpha")
    }
    return Tensor.unary(
      Primitives.Elu(alpha: alpha, inputScale: 1 / alpha), self, .floatingPoint)
  }

  /// The self-normalising ELU: fixed alpha and scale that keep mean 0 and variance 1.
  ///
  /// https://arxiv.org/abs/1706.02515
  ///
  ///     Tensor([-1.0, 2.0]).selu()   // tensor([-1.1113, 2.1014])
  public func selu() -> Tensor {
    let elu = Primitives.Elu(
      alpha: 1.6732632423543772848170429916717, scale: 1.0507009873554804934193349852946)
    return Tensor.unary(elu, self, .floatingPoint)
  }
}

extension Primitives {
  /// scale · x for x > 0, scale · alpha · (exp(inputScale · x) − 1) for the others.
  public struct Elu: Activation {
    public static let name = "elu"
    let alpha, scale, inputScale: Double
    public let program: Program

    init(alpha: Double, scale: Double = 1, inputScale: Double = 1) {
      self.alpha = alpha
      self.scale = scale
      self.inputScale = inputScale
      program = Self.valueProgram(inputScale, alpha * scale, scale)
    }
    private static let valueProgram = Program.Template.unary(3) { x, p in
      .select(.le(x, 0), .expm1(x * p[0]) * p[1], x * p[2])
    }
    public var slope: Program { Self.slopeProgram(inputScale, alpha * scale * inputScale, scale) }
    private static let slopeProgram = Program.Template.binary(3) { dy, x, p in
      .select(.le(x, 0), dy * (.exp(x * p[0]) * p[1]), dy * p[2])
    }

    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      // The maximum keeps the exponential of large x, which is not taken, finite.
      let below = (x.clampMax(0) * inputScale).exp() * (alpha * scale * inputScale)
      return Tensor.where(x.le(0), below, Tensor.full(like: x, scale))
    }
    public func curvature(_ x: Tensor) -> Tensor {
      let below = (x.clampMax(0) * inputScale).exp() * (alpha * scale * inputScale * inputScale)
      // 0 at 0, as in PyTorch, although the derivative there is that of the left side.
      return Tensor.where(x.lt(0), below, Tensor.zeros(like: x))
    }
  }
}

extension Operation {
  static let elu = Operation(
    "elu", .elementwise, primitives: [Primitives.Elu.self],
    samples: [
      Sample(.distinct()) { $0[0].elu() },
      Sample(.distinct()) { $0[0].elu(alpha: 0.5) },
      Sample(.special) { $0[0].elu() },
    ])
  static let celu = Operation(
    "celu", .elementwise, primitives: [Primitives.Elu.self],
    samples: [
      Sample(.distinct()) { $0[0].celu() },
      Sample(.distinct()) { $0[0].celu(alpha: 1.5) },
    ])
  static let selu = Operation(
    "selu", .elementwise, primitives: [Primitives.Elu.self],
    samples: [Sample(.distinct()) { $0[0].selu() }])
}

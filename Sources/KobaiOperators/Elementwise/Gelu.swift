import KobaiTensor

/// How `gelu` is computed.
public enum GeluApproximation: String, Sendable, CaseIterable {
  /// x · Φ(x) with the normal distribution function.
  case none
  /// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
  case tanh
}

extension Tensor {
  /// The Gaussian error linear unit of each element, x · Φ(x).
  ///
  ///     Tensor([0.0, 1.0]).gelu()                     // tensor([0.0000, 0.8413])
  ///     Tensor([0.0, 1.0]).gelu(approximate: .tanh)   // tensor([0.0000, 0.8412])
  ///
  /// - Returns: same shape and dtype. Not for integers or complex numbers.
  public func gelu(approximate: GeluApproximation = .none) -> Tensor {
    switch approximate {
    case .none: Tensor.unary(Primitives.Gelu(), self, .floatingPoint)
    case .tanh: Tensor.unary(Primitives.GeluTanh(), self, .floatingPoint)
    }
  }
}

extension Primitives {
  public struct Gelu: Activation {
    public static let name = "gelu"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.gelu) }
    @inlinable public var residuals: Residuals { .input }

    private static let density = 1 / (2 * Double.pi).squareRoot()

    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      0.5 * (1 + (x * 0.5.squareRoot()).erf()) + x * ((-0.5 * x * x).exp() * Self.density)
    }
    public var slope: Program { .binary(.geluSlope) }
    public func curvature(_ x: Tensor) -> Tensor {
      ((-0.5 * x * x).exp() * Self.density) * (2 - x * x)
    }
  }

  /// With u = √(2/π) (x + c x³), y = ½ x (1 + tanh u).
  public struct GeluTanh: Activation {
    public static let name = "gelu"
    @inlinable public init() {}
    @inlinable public var program: Program { .unary(.geluTanh) }
    @inlinable public var residuals: Residuals { .input }

    private static let scale = (2 / Double.pi).squareRoot()
    private static let cubic = 0.044715

    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      let square = x * x
      let t = (Self.scale * (x + Self.cubic * square * x)).tanh()
      let du = Self.scale * (1 + 3 * Self.cubic * square)
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * du
    }
    public var slope: Program { .binary(.geluTanhSlope) }
    public func curvature(_ x: Tensor) -> Tensor {
      let square = x * x
      let t = (Self.scale * (x + Self.cubic * square * x)).tanh()
      let du = Self.scale * (1 + 3 * Self.cubic * square)
      let ddu = 6 * Self.scale * Self.cubic * x
      return (1 - t * t) * (du + 0.5 * x * (ddu - 2 * t * du * du))
    }
  }
}

extension Operation {
  static let gelu = Operation(
    "gelu", .elementwise, primitives: [Primitives.Gelu.self, Primitives.GeluTanh.self],
    samples: [
      Sample(.uniform(-3...3)) { $0[0].gelu() },
      Sample(.uniform(-3...3)) { $0[0].gelu(approximate: .tanh) },
      Sample(.special) { $0[0].gelu() },
    ])
}

import KobaiTensor

// Activations made of straight lines between fixed bounds. Their derivative at a bound is 0, unlike that
// of clamp, which is 1 (both as in PyTorch).

extension Tensor {
  /// Each element, or the nearer bound if it lies outside.
  ///
  ///     Tensor([-2.0, 0.5, 2.0]).hardtanh()   // tensor([-1.0000, 0.5000, 1.0000])
  ///
  /// - Returns: same shape and dtype. Not for bool or complex numbers.
  /// - Derivative: 1 strictly between the bounds, else 0.
  public func hardtanh(minVal: Double = -1, maxVal: Double = 1) -> Tensor {
    hardtanh("hardtanh", minVal, maxVal)
  }

  /// Each element limited to 0 ... 6.
  ///
  ///     Tensor([-2.0, 0.5, 8.0]).relu6()   // tensor([0.0000, 0.5000, 6.0000])
  ///
  /// - Derivative: 1 strictly between 0 and 6, else 0.
  public func relu6() -> Tensor { hardtanh("relu6", 0, 6) }

  private func hardtanh(_ name: String, _ low: Double, _ high: Double) -> Tensor {
    guard low <= high else {
      return misuse("\(name): min_val cannot be greater than max_val (\(low) > \(high))")
    }
    guard dtype != .uint8 || low >= 0 else {
      return misuse(
        "\(name): cannot do hardtanh on an unsigned type with negative limits; convert with "
          + ".to(.int16)")
    }
    return Tensor.unary(Primitives.Hardtanh(low, high), self, .ordered)
  }

  /// x / 6 + ½, limited to 0 ... 1.
  ///
  ///     Tensor([-4.0, 0.0, 4.0]).hardsigmoid()   // tensor([0.0000, 0.5000, 1.0000])
  ///
  /// - Derivative: 1/6 strictly between −3 and 3, else 0.
  public func hardsigmoid() -> Tensor {
    Tensor.unary(Primitives.Hardsigmoid(), self, .floatingPoint)
  }

  /// x · hardsigmoid(x).
  ///
  ///     Tensor([-4.0, 1.0, 4.0]).hardswish()   // tensor([-0.0000, 0.6667, 4.0000])
  ///
  /// - Derivative: 0 up to −3, 1 from 3 on, x / 3 + ½ between.
  public func hardswish() -> Tensor { Tensor.unary(Primitives.Hardswish(), self, .floatingPoint) }
}

extension Primitives {
  public struct Hardtanh: Activation {
    public static let name = "hardtanh"
    let low, high: Double
    public let program: Program
    init(_ low: Double, _ high: Double) {
      self.low = low
      self.high = high
      program = Self.valueProgram(low, high)
    }
    private static let valueProgram = Program.Template.unary(2) { x, p in .clamp(x, p[0], p[1]) }
    public var slope: Program { Self.slopeProgram(low, high) }
    private static let slopeProgram = Program.Template.binary(2) { dy, x, p in
      .select(.gt(x, p[0]), .select(.lt(x, p[1]), dy, 0), 0)
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      x.gt(low).logicalAnd(x.lt(high)).to(x.dtype)
    }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }

  public struct Hardsigmoid: Activation {
    public static let name = "hardsigmoid"
    public init() {}
    public var program: Program { Self.valueProgram }
    private static let valueProgram = Program.unary { x in .clamp(x + 3, 0, 6) / 6 }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, x in
      .select(.lt(.abs(x), 3), dy / 6, 0)
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      x.gt(-3).logicalAnd(x.lt(3)).to(x.dtype) / 6
    }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }

  public struct Hardswish: Activation {
    public static let name = "hardswish"
    public init() {}
    public var program: Program { Self.valueProgram }
    private static let valueProgram = Program.unary { x in x * .clamp(x + 3, 0, 6) / 6 }
    public var slope: Program { Self.slopeProgram }
    private static let slopeProgram = Program.binary { dy, x in
      .select(.le(x, -3), 0, .select(.ge(x, 3), dy, dy * (x / 3 + 0.5)))
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      let inner = Tensor.where(x.ge(3), Tensor.ones(like: x), x / 3 + 0.5)
      return Tensor.where(x.le(-3), Tensor.zeros(like: x), inner)
    }
    public func curvature(_ x: Tensor) -> Tensor {
      x.gt(-3).logicalAnd(x.lt(3)).to(x.dtype) / 3
    }
  }
}

extension Operation {
  static let hardtanh = Operation(
    "hardtanh", .elementwise, primitives: [Primitives.Hardtanh.self],
    samples: [
      Sample(.uniform()) { $0[0].hardtanh() },
      Sample(.uniform()) { $0[0].hardtanh(minVal: -0.5, maxVal: 1.5) },
      Sample(.special) { $0[0].hardtanh() },
      Sample(.integers(-3..<3, [2, 3])) { $0[0].hardtanh() },
    ])
  static let relu6 = Operation(
    "relu6", .elementwise, primitives: [Primitives.Hardtanh.self],
    samples: [
      Sample(.uniform(-3...9)) { $0[0].relu6() },
      Sample(.special) { $0[0].relu6() },
    ])
  static let hardsigmoid = Operation(
    "hardsigmoid", .elementwise, primitives: [Primitives.Hardsigmoid.self],
    samples: [
      Sample(.uniform(-5...5)) { $0[0].hardsigmoid() },
      Sample(.special) { $0[0].hardsigmoid() },
    ])
  static let hardswish = Operation(
    "hardswish", .elementwise, primitives: [Primitives.Hardswish.self],
    samples: [Sample(.uniform(-5...5)) { $0[0].hardswish() }])
}

import KobaiTensor

// Elements limited to bounds: numbers or tensors. NaN stays; where the bounds cross, the upper one wins.

extension Tensor {
  /// Each element, or the nearer bound if it lies outside.
  ///
  ///     Tensor([-1, 2, 9]).clamp(min: 0, max: 5)     // tensor([0, 2, 5])
  ///     Tensor([-1, 2, 9]).clamp(min: 0.5)           // tensor([0.5000, 2.0000, 9.0000])
  ///
  /// - Parameters:
  ///   - min: the lower bound, a number or a tensor; none if nil.
  ///   - max: the upper bound, a number or a tensor; none if nil. At least one is needed.
  /// - Returns: shapes broadcast, dtypes promote. Not for complex numbers.
  /// - Derivative: 1 between the bounds and at them, 0 outside and for NaN; a bound that is a tensor
  ///   gets what it replaces.
  public func clamp<Low: TensorOperand, High: TensorOperand>(
    min: Low? = Tensor?.none, max: High? = Tensor?.none
  ) -> Tensor {
    clamp("clamp", min?.operand, max?.operand)
  }

  /// Each element, or the lower bound if it is below; `clamp(min:)`.
  public func clampMin(_ min: some TensorOperand) -> Tensor { clamp("clampMin", min.operand, nil) }

  /// Each element, or the upper bound if it is above; `clamp(max:)`.
  public func clampMax(_ max: some TensorOperand) -> Tensor { clamp("clampMax", nil, max.operand) }

  private func clamp(_ name: String, _ min: Tensor?, _ max: Tensor?) -> Tensor {
    let (x, low, high) = (resolved, min?.resolved, max?.resolved)
    guard low != nil || high != nil else {
      return misuse("\(name): At least one of 'min' or 'max' must not be None; give one")
    }
    let dtype = Operands.resultType([x, low, high].compactMap { $0 })
    guard !dtype.isComplex else {
      return misuse("\(name): is not supported for complex types (\(dtype)); clamp .abs() or parts")
    }
    if dtype.isFloatingPoint, low?.isNumber ?? true, high?.isNumber ?? true {
      return bind(Primitives.ClampToNumbers(low?.number, high?.number), x.to(dtype))
    }
    switch (low, high) {
    case (let low?, let high?):
      guard let operands = Operands.prepare(name, .standard, [x, low, high]) else { return .poison }
      return bind(Primitives.Clamp(), operands)[0]
    case (let low?, nil): return Tensor.elementwise(Primitives.ClampMin(), x, low)
    case (nil, let high?): return Tensor.elementwise(Primitives.ClampMax(), x, high)
    case (nil, nil): return self
    }
  }

  /// A Swift number that is not complex.
  var isNumber: Bool { value.meta.has(Value.Meta.weak) && value.body == nil }
  /// Its value, in full precision: `item()` reads it as a tensor of the default dtype.
  var number: Double { Double(bitPattern: value.cast(to: .float64).bits) }
}

extension Primitives {
  public struct ClampToNumbers: Activation {
    public static let name = "clamp"
    let low, high: Double?
    public let program: Program
    init(_ low: Double?, _ high: Double?) {
      self.low = low
      self.high = high
      program =
        switch (low, high) {
        case (let low?, nil): Self.atLeast(low)
        case (nil, let high?): Self.atMost(high)
        default: Self.between(low ?? -.infinity, high ?? .infinity)
        }
    }
    private static let atLeast = Program.Template.unary(1) { x, p in .maximum(x, p[0]) }
    private static let atMost = Program.Template.unary(1) { x, p in .minimum(x, p[0]) }
    private static let between = Program.Template.unary(2) { x, p in .clamp(x, p[0], p[1]) }
    public var slope: Program { Self.slopeProgram(low ?? -.infinity, high ?? .infinity) }
    private static let slopeProgram = Program.Template.binary(2) { dy, x, p in
      .select(.ge(x, p[0]), .select(.le(x, p[1]), dy, 0), 0)
    }
    public var residuals: Residuals { .input }
    public func derivative(_ x: Tensor, _ y: Tensor) -> Tensor {
      x.ge(low ?? -.infinity).logicalAnd(x.le(high ?? .infinity)).to(x.dtype)
    }
    public func curvature(_ x: Tensor) -> Tensor { Tensor.zeros(like: x) }
  }

  public struct ClampMin: BinaryElementwise {
    public static let name = "clampMin"
    public var program: Program { .binary(.maximum) }
    public var residualsForX: Residuals { .inputs }
    public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { x.ge(y).to(x.dtype) }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { x.lt(y).to(x.dtype) }
  }

  public struct ClampMax: BinaryElementwise {
    public static let name = "clampMax"
    public var program: Program { .binary(.minimum) }
    public var residualsForX: Residuals { .inputs }
    public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { x.le(y).to(x.dtype) }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { x.gt(y).to(x.dtype) }
  }

  /// x, lower and upper bound.
  public struct Clamp: Primitive {
    public static let name = "clamp"

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0]] }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      [ElementwiseEvaluation.strided(.instruction(.clamp), inputs, "clamp")]
    }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      ElementwiseEvaluation.prepare(.instruction(.clamp), inputs, to: outputs[0])
    }
    public var residuals: Residuals { .inputs }

    /// Where each input is what comes out.
    private func shares(_ inputs: [Tensor]) -> [Tensor] {
      let (x, low, high) = (inputs[0], inputs[1], inputs[2])
      return [
        x.ge(low).logicalAnd(x.le(high)), low.lt(high).logicalAnd(x.lt(low)),
        x.gt(high).logicalOr(high.lt(low)),
      ]
    }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dz = cotangents[0] else { return [nil, nil, nil] }
      let zero = Tensor.zeros(like: dz)
      return shares((0..<3).map { kept.input($0) }).enumerated().map { i, share in
        kept.isNeeded[i] ? Tensor.where(share, dz, zero) : nil
      }
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let zero = Tensor.zeros(like: outputs[0])
      let parts = zip(tangents, shares(inputs)).compactMap { tangent, share in
        tangent.map { Tensor.where(share, $0, zero) }
      }
      guard let first = parts.first else { return [nil] }
      return [parts.dropFirst().reduce(first, +)]
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) })
    }
  }
}

extension Operation {
  static let clamp = Operation(
    "clamp", .elementwise,
    primitives: [
      Primitives.ClampToNumbers.self, Primitives.ClampMin.self, Primitives.ClampMax.self,
      Primitives.Clamp.self,
    ],
    samples: [
      Sample(.uniform()) { $0[0].clamp(min: -0.5, max: 1) },
      Sample(.uniform()) { $0[0].clamp(min: -0.5) },
      Sample(.uniform()) { $0[0].clamp(max: 0.5) },
      Sample(.special) { $0[0].clamp(min: -0.5, max: 1) },
      Sample(.integers(-9..<9, [2, 3])) { $0[0].clamp(min: -3, max: 4) },
      Sample(.uniform(), .uniform(-1...0, [3]), .uniform(0...1, [2, 1])) {
        $0[0].clamp(min: $0[1], max: $0[2])
      },
      Sample(.uniform(), .uniform(-1...1)) { $0[0].clamp(min: $0[1]) },
      Sample(.uniform(), .uniform(-1...1, [])) { $0[0].clamp(max: $0[1]) },
    ])
  static let clampMin = Operation(
    "clampMin", .elementwise, primitives: [Primitives.ClampMin.self],
    samples: [
      Sample(.uniform()) { $0[0].clampMin(0.25) },
      Sample(.uniform(), .uniform(-1...1, [3])) { $0[0].clampMin($0[1]) },
    ])
  static let clampMax = Operation(
    "clampMax", .elementwise, primitives: [Primitives.ClampMax.self],
    samples: [
      Sample(.uniform()) { $0[0].clampMax(0.25) },
      Sample(.uniform(), .uniform(-1...1, [3])) { $0[0].clampMax($0[1]) },
    ])
}

import KobaiTensor

// The larger and the smaller of two elements.

extension Tensor {
  /// The larger of corresponding elements; NaN if either is NaN. Shapes broadcast, dtypes promote.
  ///
  ///     Tensor([1, 5]).maximum(Tensor([3, 2]))   // tensor([3, 5])
  ///
  /// - Derivative: to the larger; equal elements get half each. Not for complex numbers.
  public func maximum(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Maximum(), self, y.operand)
  }
  /// The smaller of corresponding elements; NaN if either is NaN. Shapes broadcast, dtypes promote.
  ///
  ///     Tensor([1, 5]).minimum(Tensor([3, 2]))   // tensor([1, 2])
  ///
  /// - Derivative: to the smaller; equal elements get half each. Not for complex numbers.
  public func minimum(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Minimum(), self, y.operand)
  }
  /// The larger of corresponding elements; a number where the other is NaN.
  ///
  ///     Tensor([1, Double.nan]).fmax(Tensor([3.0, 2]))   // tensor([3., 2.])
  ///
  /// - Derivative: to the larger; to x if both are equal. Not for complex numbers.
  public func fmax(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Fmax(), self, y.operand)
  }
  /// The smaller of corresponding elements; a number where the other is NaN.
  ///
  ///     Tensor([1, Double.nan]).fmin(Tensor([3.0, 2]))   // tensor([1., 2.])
  ///
  /// - Derivative: to the smaller; to x if both are equal. Not for complex numbers.
  public func fmin(_ y: some TensorOperand) -> Tensor {
    Tensor.ordered(Primitives.Fmin(), self, y.operand)
  }
}

/// The larger of corresponding elements; `x.maximum(y)`.
public func maximum(_ x: Tensor, _ y: some TensorOperand) -> Tensor { x.maximum(y) }
/// The smaller of corresponding elements; `x.minimum(y)`.
public func minimum(_ x: Tensor, _ y: some TensorOperand) -> Tensor { x.minimum(y) }

extension Primitives {
  public struct Maximum: BinaryElementwise {
    public static let name = "maximum"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.maximum) }
    @inlinable public var residualsForX: Residuals { .inputs }
    @inlinable public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      Tensor.elementwise(ShareOfLarger(), x, y)
    }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      Tensor.elementwise(ShareOfLarger(), y, x)
    }
  }

  public struct Minimum: BinaryElementwise {
    public static let name = "minimum"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.minimum) }
    @inlinable public var residualsForX: Residuals { .inputs }
    @inlinable public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      Tensor.elementwise(ShareOfSmaller(), x, y)
    }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      Tensor.elementwise(ShareOfSmaller(), y, x)
    }
  }

  public struct Fmax: BinaryElementwise {
    public static let name = "fmax"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.fmax) }
    @inlinable public var residualsForX: Residuals { .inputs }
    @inlinable public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      Tensor.elementwise(ShareOfFmax(), x, y)
    }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      1 - Tensor.elementwise(ShareOfFmax(), x, y)
    }
  }

  public struct Fmin: BinaryElementwise {
    public static let name = "fmin"
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.fmin) }
    @inlinable public var residualsForX: Residuals { .inputs }
    @inlinable public var residualsForY: Residuals { .inputs }
    public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      Tensor.elementwise(ShareOfFmin(), x, y)
    }
    public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor {
      1 - Tensor.elementwise(ShareOfFmin(), x, y)
    }
  }

  /// 1 where x > y, ½ where equal, 0 where x < y; 1 beside NaN.
  struct ShareOfLarger: BinaryPiecewiseConstant {
    static let name = "shareOfLarger"
    static let shared = Program.binary { x, y in .select(.eq(x, y), 0.5, .select(.lt(x, y), 0, 1)) }
    var program: Program { Self.shared }
  }
  struct ShareOfSmaller: BinaryPiecewiseConstant {
    static let name = "shareOfSmaller"
    static let shared = Program.binary { x, y in .select(.eq(x, y), 0.5, .select(.gt(x, y), 0, 1)) }
    var program: Program { Self.shared }
  }
  /// 1 where fmax takes x.
  struct ShareOfFmax: BinaryPiecewiseConstant {
    static let name = "shareOfFmax"
    static let shared = Program.binary { x, y in .select(.ge(x, y), 1, .select(.ne(y, y), 1, 0)) }
    var program: Program { Self.shared }
  }
  struct ShareOfFmin: BinaryPiecewiseConstant {
    static let name = "shareOfFmin"
    static let shared = Program.binary { x, y in .select(.le(x, y), 1, .select(.ne(y, y), 1, 0)) }
    var program: Program { Self.shared }
  }
}

extension Operation {
  static let maximum = Operation(
    "maximum", .elementwise, primitives: [Primitives.Maximum.self, Primitives.ShareOfLarger.self],
    samples: [
      Sample(.uniform(), .uniform()) { $0[0].maximum($0[1]) },
      Sample(.uniform(-2...2, [2, 1, 3]), .uniform(-2...2, [4, 1])) { $0[0].maximum($0[1]) },
      Sample(.special) { $0[0].maximum(0.5) },
      Sample(.integers(-9..<9, [2, 3]), .integers(-9..<9, [3])) { $0[0].maximum($0[1]) },
    ])
  static let minimum = Operation(
    "minimum", .elementwise, primitives: [Primitives.Minimum.self, Primitives.ShareOfSmaller.self],
    samples: [
      Sample(.uniform(), .uniform()) { $0[0].minimum($0[1]) },
      Sample(.uniform(-2...2, [2, 1, 3]), .uniform(-2...2, [4, 1])) { $0[0].minimum($0[1]) },
      Sample(.special) { $0[0].minimum(0.5) },
    ])
  static let fmax = Operation(
    "fmax", .elementwise, primitives: [Primitives.Fmax.self, Primitives.ShareOfFmax.self],
    samples: [
      Sample(.uniform(), .uniform()) { $0[0].fmax($0[1]) },
      Sample(.special) { $0[0].fmax(0.5) },
    ])
  static let fmin = Operation(
    "fmin", .elementwise, primitives: [Primitives.Fmin.self, Primitives.ShareOfFmin.self],
    samples: [
      Sample(.uniform(), .uniform()) { $0[0].fmin($0[1]) },
      Sample(.special) { $0[0].fmin(0.5) },
    ])
}

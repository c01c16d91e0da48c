import KobaiTensor

extension Tensor {
  /// The sum of corresponding elements; shapes broadcast, dtypes promote.
  ///
  ///     Tensor([1, 2]) + Tensor([0.5, 0.5])   // tensor([1.5000, 2.5000])
  @inlinable
  public static func + (x: Tensor, y: Tensor) -> Tensor { elementwise(Primitives.Add(), x, y) }

  /// The sum of each element and a number, which adopts the tensor's dtype.
  @inlinable
  public static func + <S: TensorScalar>(x: Tensor, y: S) -> Tensor { x + Tensor(weak: y) }

  @inlinable
  public static func + <S: TensorScalar>(x: S, y: Tensor) -> Tensor { Tensor(weak: x) + y }

  /// x itself.
  @inlinable public static prefix func + (x: Tensor) -> Tensor { x }

  /// x + alpha · y.
  ///
  /// - Parameter alpha: a number; not a fraction for integer tensors.
  public func add<Alpha: TensorOperand>(_ y: some TensorOperand, alpha: Alpha = 1) -> Tensor {
    guard let scaled = Self.scaled("add", self, y.operand, by: alpha.operand) else {
      return .poison
    }
    return self + scaled
  }

  /// alpha · y for add and sub; nil, after the misuse, if the dtypes do not allow it.
  static func scaled(_ name: String, _ x: Tensor, _ y: Tensor, by alpha: Tensor) -> Tensor? {
    if alpha.value.meta.has(Value.Meta.weak), alpha.value.meta.dtype == .int64,
      alpha.value.bits == 1
    {
      return y
    }
    let result = Operands.resultType([x.resolved, y.resolved])
    guard alpha.dtype.category <= result.category else {
      return misuse(
        "\(name): For integral input tensors, argument alpha must not be a floating point number: "
          + "alpha is \(alpha.dtype), the result \(result); convert the tensors with .to(.float32)",
        else: nil)
    }
    return y.to(result) * alpha
  }
}

extension Primitives {
  public struct Add: BinaryElementwise {
    public static let name = "add"
    @inlinable public static var staticName: StaticString { "add" }
    @inlinable public init() {}
    @inlinable public var program: Program { .binary(.add) }
    @inlinable public var residualsForX: Residuals { .none }
    @inlinable public var residualsForY: Residuals { .none }
    @inlinable public func derivativeX(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 1 }
    @inlinable public func derivativeY(_ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor { 1 }
    @inlinable public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor?
    { dz }
    @inlinable public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor?
    { dz }
    @inlinable public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor)
      -> Tensor?
    { dx }
    @inlinable public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor)
      -> Tensor?
    { dy }
  }
}

extension Operation {
  static let add = Operation(
    "add", .elementwise, primitives: [Primitives.Add.self],
    samples: [
      Sample(.uniform(), .uniform()) { $0[0] + $0[1] },
      Sample(.uniform(-2...2, [2, 1, 3]), .uniform(-2...2, [4, 1])) { $0[0] + $0[1] },
      Sample(.uniform(-2...2, []), .uniform()) { $0[0] + $0[1] },
      Sample(.uniform(-2...2, [0, 3]), .uniform(-2...2, [3])) { $0[0] + $0[1] },
      Sample(.uniform()) { 2.5 + $0[0] },
      Sample(.uniform(), .uniform()) { $0[0].add($0[1], alpha: 0.5) },
      Sample(.special) { $0[0] + $0[0] },
      Sample(.complex(), .complex()) { $0[0] + $0[1] },
    ])
}

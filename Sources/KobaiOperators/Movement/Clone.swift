import KobaiTensor

extension Tensor {
  /// The value of this tensor as it is now, with its history. Values are never changed behind a
  /// tensor's back, so nothing is copied until one of the two is written to.
  public func clone() -> Tensor { bind(Primitives.Clone(), self) }

  /// The same elements, row-major without gaps; a copy unless they already are.
  public func contiguous() -> Tensor {
    isContiguous ? self : bind(Primitives.Contiguous(), self)
  }
}

extension Primitives {
  public struct Clone: LinearOperation {
    public static let name = "clone"
    public init() {}
    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value { x }
    public func transpose(_ dy: Tensor) -> Tensor { dy }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }

  public struct Contiguous: LinearOperation {
    public static let name = "contiguous"
    public static let gradientName = "CloneBackward0"
    public init() {}
    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value { x.contiguous }
    public func transpose(_ dy: Tensor) -> Tensor { dy }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Operation {
  static let clone = Operation(
    "clone", .movement, primitives: [Primitives.Clone.self],
    samples: [
      Sample(.uniform()) { $0[0].clone() },
      Sample(.uniform(-2...2, [])) { $0[0].clone() },
    ])
  static let contiguous = Operation(
    "contiguous", .movement, primitives: [Primitives.Contiguous.self],
    samples: [
      Sample(.uniform()) { $0[0].transpose(0, 1).contiguous() },
      Sample(.uniform(-2...2, [])) { $0[0].contiguous() },
    ])
}

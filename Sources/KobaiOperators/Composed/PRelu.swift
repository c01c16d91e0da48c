import KobaiTensor

extension Tensor {
  /// x for x > 0, weight · x otherwise.
  ///
  ///     Tensor([-2.0, 3.0]).prelu(Tensor([0.25]))   // tensor([-0.5000,  3.0000])
  ///
  /// - Parameter weight: one number, or one for each channel (dimension 1; of a single dimension there
  ///   is one channel). See
  ///   [torch.nn.functional.prelu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html).
  public func prelu(_ weight: Tensor) -> Tensor {
    guard weight.rank <= 1 else {
      return misuse(
        "prelu: Expected `weight` to be a scalar or 1D tensor, but its shape is \(weight.shape)")
    }
    guard weight.dtype == dtype else {
      return misuse(
        "prelu: Type promoting not supported. Got \(dtype) and \(weight.dtype); convert one with "
          + ".to(.\(dtype))")
    }
    guard dtype.isDifferentiable else {
      return misuse("prelu: expected a floating-point input, but its dtype is \(dtype)")
    }
    var slopes = weight
    if weight.count != 1 {
      let channels = rank > 1 ? shape[1] : 1
      guard rank > 0, weight.count == channels else {
        return misuse(
          "prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = "
            + "\(weight.count) and channel size = \(channels)")
      }
      slopes = weight.reshape([channels] + [Int](repeating: 1, count: rank - 2))
    } else {
      slopes = weight.reshape([])
    }
    return Tensor.elementwise(Primitives.PRelu(), self, slopes)
  }

  /// The first half of a dimension times the sigmoid of the second.
  ///
  ///     Tensor([2.0, 0.0]).glu()   // tensor([1.])
  ///
  /// - Parameter dim: its size must be even.
  public func glu(dim: Int = -1) -> Tensor {
    guard rank > 0 else {
      return misuse("glu: does not support 0-dimensional tensors")
    }
    guard let d = Operands.dimension("glu", dim, rank: rank) else { return .poison }
    guard shape[d] % 2 == 0 else {
      return misuse("glu: Halving dimension must be even, but dimension \(dim) is size \(shape[d])")
    }
    let half = shape[d] / 2
    return narrow(dim: d, start: 0, length: half)
      * narrow(dim: d, start: half, length: half).sigmoid()
  }
}

extension Primitives {
  /// x, and a weight for each element.
  public struct PRelu: BinaryElementwise {
    public static let name = "prelu"
    public static let gradientName = "PreluKernelBackward0"
    init() {}
    public var program: Program { Self.valueProgram }
    private static let valueProgram = Program.binary { x, w in .select(.gt(x, 0), x, w * x) }
    public var residualsForX: Residuals { .inputs }
    public var residualsForY: Residuals { .input(0) }
    public func derivativeX(_ x: Tensor, _ w: Tensor, _ z: Tensor) -> Tensor {
      Tensor.elementwise(PReluSlope(), x, w)
    }
    public func derivativeY(_ x: Tensor, _ w: Tensor, _ z: Tensor) -> Tensor { x.clampMax(0) }
  }

  /// The derivative of `PRelu` with respect to x.
  public struct PReluSlope: BinaryElementwise {
    public static let name = "preluSlope"
    init() {}
    public var program: Program { Self.valueProgram }
    private static let valueProgram = Program.binary { x, w in .select(.gt(x, 0), 1, w) }
    public var residualsForX: Residuals { .none }
    public var residualsForY: Residuals { .input(0) }
    public func derivativeX(_ x: Tensor, _ w: Tensor, _ z: Tensor) -> Tensor { 0 }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ w: Tensor, _ z: Tensor) -> Tensor? { nil }
    public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ w: Tensor, _ z: Tensor) -> Tensor? { nil }
    public func derivativeY(_ x: Tensor, _ w: Tensor, _ z: Tensor) -> Tensor {
      x.gt(0).logicalNot().to(w.dtype)
    }
  }
}

extension Operation {
  static let prelu = Operation(
    "prelu", .composed, primitives: [Primitives.PRelu.self, Primitives.PReluSlope.self],
    samples: [
      Sample(.uniform(), .uniform(0...1, [3])) { $0[0].prelu($0[1]) },
      Sample(.uniform(-2...2, [2, 3, 2]), .uniform(0...1, [1])) { $0[0].prelu($0[1]) },
      Sample(.uniform(-2...2, [0, 3]), .uniform(0...1, [3])) { $0[0].prelu($0[1]) },
    ])

  static let glu = Operation(
    "glu", .composed,
    samples: [
      Sample(.uniform(-2...2, [3, 4])) { $0[0].glu() },
      Sample(.uniform(-2...2, [2, 3])) { $0[0].glu(dim: 0) },
      Sample(.uniform(-2...2, [0, 4])) { $0[0].glu(dim: 1) },
    ])
}

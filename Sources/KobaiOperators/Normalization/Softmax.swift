import CKernels
import KobaiTensor

extension Tensor {
  /// exp(x) / Σ exp(x) along one dimension.
  ///
  ///     Tensor([1.0, 2.0, 3.0]).softmax(dim: 0)   // tensor([0.0900, 0.2447, 0.6652])
  ///
  /// - Parameter dtype: what x is converted to first; needed for integers.
  /// - Returns: NaN where all elements are −inf.
  public func softmax(dim: Int, dtype: DType? = nil) -> Tensor {
    softmax("softmax", dim, dtype, logarithm: false)
  }

  /// The logarithm of `softmax`, without cancellation.
  ///
  ///     Tensor([1.0, 2.0, 3.0]).logSoftmax(dim: 0)   // tensor([-2.4076, -1.4076, -0.4076])
  ///
  /// - Parameter dtype: what x is converted to first. float16 and bfloat16 round the sum of exponentials of
  ///   the last dimension, as PyTorch does on CPUs; `.float32` avoids that.
  public func logSoftmax(dim: Int, dtype: DType? = nil) -> Tensor {
    softmax("logSoftmax", dim, dtype, logarithm: true)
  }

  private func softmax(_ name: String, _ dim: Int, _ dtype: DType?, logarithm: Bool) -> Tensor {
    let x = dtype.map { to($0) } ?? self
    guard x.dtype.isFloatingPoint else {
      return misuse("\(name): not implemented for \(x.dtype); pass dtype: .float32")
    }
    guard Operands.takesRank(name, rank), let d = Operands.dimension(name, dim, rank: rank) else {
      return .poison
    }
    // A single number is a line of one; a poisoned tensor has no shape to give it.
    if isPoisoned { return .poison }
    if rank == 0 { return x.reshape([1]).softmax(name, 0, nil, logarithm: logarithm).reshape([]) }
    return logarithm
      ? bind(Primitives.LogSoftmax(dim: d), x) : bind(Primitives.Softmax(dim: d), x)
  }
}

extension Primitives {
  public struct Softmax: UnaryPrimitive {
    public static let name = "softmax"
    let dim: Int

    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value { Self.evaluate(x, dim, logarithm: false) }
    public var residuals: Residuals { .output }

    /// The Jacobian is symmetric: both modes are the same product.
    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      bind(SoftmaxGradient(dim: dim), dy, y)
    }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      pullback(dx, x, y)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(Softmax(dim: dim + 1), x) }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      Self.prepare(inputs[0], outputs[0], dim, logarithm: false)
    }

    static func prepare(
      _ x: StridedType, _ y: StridedType, _ dim: Int, logarithm: Bool
    ) -> Prepared? {
      guard y.layout.isContiguous else { return nil }
      let (dtype, layout) = (x.dtype.code, StridedLayout(x.layout))
      return .kernel(mayReplace: []) { memory in
        kb_softmax(
          logarithm, dtype, layout.rank, layout.sizes, dim, memory[0], layout.strides, memory[1])
        return true
      }
    }

    static func evaluate(_ x: Value, _ dim: Int, logarithm: Bool) -> Value {
      let (dtype, layout) = (x.dtype, x.layout)
      return x.withElements { pointer, strides in
        Value.make(dtype, layout.contiguous) { out in
          kb_softmax(
            logarithm, dtype.code, layout.rank, layout.shape, dim, pointer, strides, out)
        }
      }
    }
  }

  public struct LogSoftmax: UnaryPrimitive {
    public static let name = "logSoftmax"
    let dim: Int

    public func infer(_ x: TensorType) -> TensorType { x }
    public func evaluate(_ x: Value) -> Value { Softmax.evaluate(x, dim, logarithm: true) }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      Softmax.prepare(inputs[0], outputs[0], dim, logarithm: true)
    }
    public var residuals: Residuals { .output }

    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      bind(LogSoftmaxGradient(dim: dim), dy, y)
    }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      dx - (y.exp() * dx).sum(dim: dim, keepDim: true)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(LogSoftmax(dim: dim + 1), x) }
  }
}

/// The cotangent of softmax's or its logarithm's input, from that of the result and the result: one pass
/// where ordinary operations would take four.
protocol SoftmaxGradientPrimitive: BinaryPrimitive {
  static var isLogarithm: Bool { get }
  var dim: Int { get }
  init(dim: Int)
}

extension SoftmaxGradientPrimitive {
  public func infer(_ x: TensorType, _ y: TensorType) -> TensorType { x }
  public func evaluate(_ x: Value, _ y: Value) -> Value {
    let (dtype, layout) = (x.dtype, x.layout)
    return x.withElements { pdy, dyStrides in
      y.withElements { py, yStrides in
        Value.make(dtype, layout.contiguous) { out in
          kb_softmax_backward(
            Self.isLogarithm, dtype.code, layout.rank, layout.shape, dim, pdy, dyStrides, py,
            yStrides, out)
        }
      }
    }
  }
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous else { return nil }
    let (dtype, dim) = (inputs[0].dtype.code, dim)
    let (dy, y) = (StridedLayout(inputs[0].layout), StridedLayout(inputs[1].layout))
    return .kernel(mayReplace: []) { memory in
      kb_softmax_backward(
        Self.isLogarithm, dtype, dy.rank, dy.sizes, dim, memory[0], dy.strides, memory[1],
        y.strides, memory[2])
      return true
    }
  }
  public var residualsForX: Residuals { .input(1) }
  public var residualsForY: Residuals { .inputs }
  public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
    bind(self, dx, y)
  }
  public func sum(_ a: Tensor, _ b: Tensor) -> Tensor { a + b }
  public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    let full = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
    return [bind(Self(dim: dim + 1), full[0], full[1])]
  }

  fileprivate func total(_ x: Tensor) -> Tensor { x.sum(dim: dim, keepDim: true) }
}

extension Primitives {
  /// dy, y → y (dy − Σ dy y).
  public struct SoftmaxGradient: SoftmaxGradientPrimitive {
    public static let name = "softmaxGradient"
    static var isLogarithm: Bool { false }
    let dim: Int

    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(self, dz, y)
    }
    public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      dz * (x - total(x * y)) - x * total(dz * y)
    }
    public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      dy * (x - total(x * y)) - y * total(x * dy)
    }
  }

  /// dy, y → dy − exp(y) Σ dy.
  public struct LogSoftmaxGradient: SoftmaxGradientPrimitive {
    public static let name = "logSoftmaxGradient"
    static var isLogarithm: Bool { true }
    let dim: Int

    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      dz - total(dz * y.exp())
    }
    public func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      -(dz * y.exp() * total(x))
    }
    public func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      -(dy * y.exp() * total(x))
    }
  }
}

extension Operation {
  static let softmax = Operation(
    "softmax", .normalization,
    primitives: [
      Primitives.Softmax.self, Primitives.LogSoftmax.self, Primitives.SoftmaxGradient.self,
      Primitives.LogSoftmaxGradient.self,
    ],
    samples: [
      Sample(.uniform()) { $0[0].softmax(dim: 1) },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].softmax(dim: -2) },
      Sample(.uniform(-2...2, [])) { $0[0].softmax(dim: 0) },
      Sample(.uniform(-2...2, [2, 3, 4])) { $0[0].logSoftmax(dim: 0) },
      Sample(.uniform(-2...2, [])) { $0[0].logSoftmax(dim: -1) },
      Sample(.uniform(-2...2, [2, 0])) { $0[0].softmax(dim: 1) },
    ])
}

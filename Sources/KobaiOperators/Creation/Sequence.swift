import CKernels
import KobaiTensor

/// How the elements of a tensor follow from their positions.
enum SequenceLaw: Hashable, Sendable {
  /// first + i · step in double.
  case numbers(first: Double, step: Double)
  /// first + i · step in int64.
  case integers(first: Int64, step: Int64)
  /// Evenly spaced, both ends included.
  case even(start: Double, end: Double, imaginaryStart: Double, imaginaryEnd: Double)
  /// Powers of a base with evenly spaced exponents.
  case powers(start: Double, end: Double, base: Double)
  /// Ones on the main diagonal.
  case identity
}

extension Primitives {
  /// Elements that follow from their positions.
  public struct Sequence: Primitive {
    public static let name = "sequence"
    let law: SequenceLaw
    let shape: Shape
    let dtype: DType

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [TensorType(dtype, shape)] }

    public func evaluate(_ inputs: [Value]) -> [Value] { [make()] }

    func make() -> Value {
      let (code, count) = (dtype.code, shape.elementCount)
      return Value.make(dtype, shape) { out in
        switch law {
        case .numbers(let first, let step): kb_arange(code, count, first, step, out)
        case .integers(let first, let step): kb_arange_integer(code, count, first, step, out)
        case .even(let start, let end, let imaginaryStart, let imaginaryEnd):
          kb_linspace(code, count, start, end, imaginaryStart, imaginaryEnd, out)
        case .powers(let start, let end, let base): kb_logspace(code, count, start, end, base, out)
        case .identity: kb_eye(code, shape[0], shape[1], out)
        }
      }
    }

    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] { [] }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] { [nil] }
    /// Without inputs there is nothing to batch: one sequence serves all examples.
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, []).map { $0.broadcast(to: [size] + shape) }
    }
  }
}

extension Tensor {
  /// A new tensor whose elements follow from their positions.
  static func sequence(
    _ law: SequenceLaw, _ shape: Shape, _ dtype: DType, requiresGrad: Bool = false
  ) -> Tensor {
    let primitive = Primitives.Sequence(law: law, shape: shape, dtype: dtype)
    var result =
      kb_context_flags() & UInt32(KB_CONTEXT_TRACING) != 0
      ? bind(primitive, [])[0] : Tensor(primitive.make())
    if requiresGrad { result.requiresGrad = true }
    return result
  }

  /// The identity matrix, or ones on the main diagonal of an n × m matrix.
  ///
  ///     Tensor.eye(2)   // tensor([[1., 0.], [0., 1.]])
  ///
  /// - Parameters:
  ///   - m: the number of columns; n unless stated.
  ///   - dtype: the default dtype unless stated.
  public static func eye(
    _ n: Int, _ m: Int? = nil, dtype: DType? = nil, requiresGrad: Bool = false
  ) -> Tensor {
    guard n >= 0 else { return misuse("eye: n must be greater or equal to 0, got \(n)") }
    let m = m ?? n
    guard m >= 0 else { return misuse("eye: m must be greater or equal to 0, got \(m)") }
    guard checkShape("eye", [n, m]) else { return .poison }
    return sequence(.identity, [n, m], dtype ?? .default, requiresGrad: requiresGrad)
  }
}

extension Operation {
  static let eye = Operation(
    "eye", .creation,
    samples: [
      Sample(.uniform(-2...2, [2, 3])) { $0[0] * Tensor.eye(2, 3) },
      Sample(.uniform(-2...2, [3, 3])) { $0[0] + Tensor.eye(3, dtype: $0[0].dtype) },
      Sample(.uniform(-2...2, [])) { $0[0] * Tensor.eye(0, 2) },
    ])
}

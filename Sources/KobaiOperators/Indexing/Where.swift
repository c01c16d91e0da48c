import CKernels
import KobaiTensor

extension Tensor {
  /// Elements of `x` where the condition is true, of `y` elsewhere; shapes broadcast, dtypes promote.
  ///
  ///     Tensor.where(Tensor([true, false]), 1.0, Tensor([3.0, 4.0]))   // tensor([1., 4.])
  ///
  /// - Parameter condition: bool.
  public static func `where`(_ condition: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
    guard condition.dtype == .bool else {
      return misuse(
        "where: expected condition to be a bool tensor, but its dtype is \(condition.dtype); "
          + "compare it (.ne(0))")
    }
    let dtype = Operands.resultType([x, y])
    let (a, b) = (x.to(dtype), y.to(dtype))
    guard let shape = Operands.broadcastShape("where", [condition.shape, a.shape, b.shape]) else {
      return .poison
    }
    return bind(
      Primitives.Where(),
      [condition.broadcast(to: shape), a.broadcast(to: shape), b.broadcast(to: shape)])[0]
  }
}

extension Primitives {
  /// Linear in x and y together, for a fixed condition.
  public struct Where: Primitive {
    public static let name = "where"
    public init() {}

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[1]] }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let (condition, x, y) = (inputs[0], inputs[1], inputs[2])
      let layout = x.layout
      return condition.withElements { pc, sc in
        x.withElements { px, sx in
          y.withElements { py, sy in
            [
              Value.make(x.dtype, layout.contiguous) { out in
                kb_where(x.dtype.size, layout.rank, layout.shape, pc, sc, px, sx, py, sy, out)
              }
            ]
          }
        }
      }
    }

    public var residuals: Residuals { .input(0) }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dz = cotangents[0] else { return [nil, nil, nil] }
      let (condition, zero) = (kept.input(0), Tensor.zeros(like: dz))
      return [
        nil,
        kept.isNeeded[1] ? Tensor.where(condition, dz, zero) : nil,
        kept.isNeeded[2] ? Tensor.where(condition, zero, dz) : nil,
      ]
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      if tangents[1] == nil && tangents[2] == nil { return [nil] }
      let zero = Tensor.zeros(like: outputs[0])
      return [Tensor.where(inputs[0], tangents[1] ?? zero, tangents[2] ?? zero)]
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) })
    }
  }
}

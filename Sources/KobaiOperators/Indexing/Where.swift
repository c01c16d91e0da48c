import CKernels
import KobaiTensor

extension Tensor {
  /// Elements of `x` where the condition is true, of `y` elsewhere; shapes broadcast, dtypes promote.
  ///
  ///     Tensor.where(Tensor([true, false]), 1.0, Tensor([3.0, 4.0]))   // tensor([1., 4.])
  ///
  /// - Parameter condition: bool; uint8 is read as bool.
  public static func `where`(_ condition: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
    guard condition.dtype == .bool || condition.dtype == .uint8 else {
      return misuse(
        "where: expected condition to be a boolean tensor, but got a tensor with dtype "
          + "\(condition.dtype); compare it (.ne(0))")
    }
    let condition = condition.to(.bool)
    let dtype = Operands.resultType([x, y])
    let (a, b) = (x.to(dtype), y.to(dtype))
    guard let shape = Operands.broadcastShape("where", [condition.shape, a.shape, b.shape]) else {
      return .poison
    }
    return bind(
      Primitives.Where(),
      [condition.broadcast(to: shape), a.broadcast(to: shape), b.broadcast(to: shape)])[0]
  }

  public static func `where`<S: TensorScalar>(
    _ condition: Tensor, _ x: S, _ y: Tensor
  ) -> Tensor { .where(condition, Tensor(weak: x), y) }
  public static func `where`<S: TensorScalar>(
    _ condition: Tensor, _ x: Tensor, _ y: S
  ) -> Tensor { .where(condition, x, Tensor(weak: y)) }
  public static func `where`<S: TensorScalar, R: TensorScalar>(
    _ condition: Tensor, _ x: S, _ y: R
  ) -> Tensor { .where(condition, Tensor(weak: x), Tensor(weak: y)) }

  /// Where the condition is true: one index vector for each dimension.
  ///
  ///     Tensor.where(Tensor([false, true]))   // [tensor([1])]
  public static func `where`(_ condition: Tensor) -> [Tensor] { condition.nonzeroIndices() }

  /// The elements of this tensor where the condition is true, of `other` elsewhere.
  public func `where`(_ condition: Tensor, _ other: Tensor) -> Tensor {
    .where(condition, self, other)
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

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs[0].layout.isContiguous else { return nil }
      let size = inputs[1].dtype.size
      let layouts = inputs.map { StridedLayout($0.layout) }
      let replaceable = [1, 2].filter { inputs[$0].layout.isContiguous }
      return .kernel(mayReplace: [replaceable]) { memory in
        kb_where(
          size, layouts[1].rank, layouts[1].sizes, memory[0], layouts[0].strides, memory[1],
          layouts[1].strides, memory[2], layouts[2].strides, memory[3])
        return true
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

extension Operation {
  static let `where` = Operation(
    "where", .indexing, primitives: [Primitives.Where.self],
    samples: [
      Sample(.bools(), .uniform(), .uniform()) { Tensor.where($0[0], $0[1], $0[2]) },
      Sample(.bools([2, 1]), .uniform(-2...2, [3]), .uniform(-2...2, [])) {
        Tensor.where($0[0], $0[1], $0[2])
      },
      Sample(.bools([]), .uniform(-2...2, [])) { Tensor.where($0[0], $0[1], 0) },
      Sample(.bools([0, 1]), .uniform(-2...2, [3])) { $0[1].where($0[0], 1.5) },
      Sample(.bools(), .complex(), .uniform()) { Tensor.where($0[0], $0[1], $0[2]) },
    ])
}

import CKernels
import KobaiTensor

/// Tensors one after the other along an existing dimension; dtypes promote.
///
///     cat([Tensor([1, 2]), Tensor([3])])   // tensor([1, 2, 3])
///
/// All shapes must agree except along `dim`; a tensor of shape [0] goes with any.
public func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor { Tensor.cat(tensors, dim: dim) }

/// Tensors of one shape along a new dimension; dtypes promote.
///
///     stack([Tensor([1, 2]), Tensor([3, 4])], dim: 1)   // tensor([[1, 3], [2, 4]])
public func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor { Tensor.stack(tensors, dim: dim) }

extension Tensor {
  /// Tensors one after the other along an existing dimension; see the function `cat`.
  public static func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
    guard !tensors.isEmpty else {
      return misuse("cat: expected a non-empty list of Tensors")
    }
    let shapes = tensors.map(\.shape)
    if let scalar = shapes.firstIndex(of: []) {
      return misuse(
        "cat: zero-dimensional tensor (at position \(scalar)) cannot be concatenated; use stack")
    }
    // PyTorch's legacy: a tensor of shape [0] has no say.
    let present = shapes.indices.filter { shapes[$0] != [0] }
    let dtype = Operands.resultType(tensors)
    guard let first = present.first else { return tensors[0].to(dtype) }
    let shape = shapes[first]
    guard let d = Operands.dimension("cat", dim, rank: shape.count) else { return .poison }
    for i in present {
      guard shapes[i].count == shape.count else {
        return misuse(
          "cat: Tensors must have same number of dimensions: got \(shape.count) and "
            + "\(shapes[i].count)")
      }
      for j in shape.indices where j != d && shapes[i][j] != shape[j] {
        return misuse(
          "cat: Sizes of tensors must match except in dimension \(d). Expected size \(shape[j]) "
            + "but got size \(shapes[i][j]) for tensor number \(i) in the list.")
      }
    }
    let inputs = present.map { tensors[$0].to(dtype) }
    if inputs.count == 1 { return inputs[0].clone() }
    return bind(Primitives.Cat(d, present.map { shapes[$0] }), inputs)[0]
  }

  /// Tensors of one shape along a new dimension; see the function `stack`.
  public static func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
    guard let first = tensors.first else {
      return misuse("stack: stack expects a non-empty TensorList")
    }
    let shape = first.shape
    if let i = tensors.firstIndex(where: { $0.shape != shape }) {
      return misuse(
        "stack: stack expects each tensor to be equal size, but got \(shape) at entry 0 and "
          + "\(tensors[i].shape) at entry \(i)")
    }
    guard let d = Operands.dimension("stack", dim, rank: shape.count + 1) else { return .poison }
    return cat(tensors.map { $0.unsqueeze(d) }, dim: d)
  }

  /// Tensors side by side: along the second dimension, vectors along the first.
  ///
  ///     Tensor.hstack([Tensor([1, 2]), Tensor([3])])   // tensor([1, 2, 3])
  public static func hstack(_ tensors: [Tensor]) -> Tensor {
    guard !tensors.isEmpty else {
      return misuse("hstack: hstack expects a non-empty TensorList")
    }
    let rows = tensors.map { $0.rank == 0 ? $0.reshape([1]) : $0 }
    return cat(rows, dim: rows[0].rank == 1 ? 0 : 1)
  }

  /// Tensors one below the other; vectors are rows.
  ///
  ///     Tensor.vstack([Tensor([1, 2]), Tensor([3, 4])])   // tensor([[1, 2], [3, 4]])
  public static func vstack(_ tensors: [Tensor]) -> Tensor {
    guard !tensors.isEmpty else {
      return misuse("vstack: vstack expects a non-empty TensorList")
    }
    return cat(tensors.map { $0.rank < 2 ? $0.reshape([1, $0.count]) : $0 })
  }

  /// Tensors along the third dimension.
  ///
  ///     Tensor.dstack([Tensor([1, 2]), Tensor([3, 4])])   // tensor([[[1, 3], [2, 4]]])
  public static func dstack(_ tensors: [Tensor]) -> Tensor {
    guard !tensors.isEmpty else {
      return misuse("dstack: dstack expects a non-empty TensorList")
    }
    return cat(
      tensors.map { x in
        switch x.rank {
        case 0, 1: x.reshape([1, x.count, 1])
        case 2: x.unsqueeze(2)
        default: x
        }
      }, dim: 2)
  }

  /// Vectors as the columns of a matrix; matrices side by side.
  ///
  ///     Tensor.columnStack([Tensor([1, 2]), Tensor([3, 4])])   // tensor([[1, 3], [2, 4]])
  public static func columnStack(_ tensors: [Tensor]) -> Tensor {
    guard !tensors.isEmpty else {
      return misuse("columnStack: column_stack expects a non-empty TensorList")
    }
    return hstack(tensors.map { $0.rank < 2 ? $0.reshape([$0.count, 1]) : $0 })
  }
}

extension Primitives {
  public struct Cat: Primitive {
    public static let name = "cat"
    let dim: Int
    let shapes: [Shape]

    init(_ dim: Int, _ shapes: [Shape]) {
      self.dim = dim
      self.shapes = shapes
    }

    private var shape: Shape {
      var shape = shapes[0]
      shape[dim] = shapes.reduce(0) { $0 + $1[dim] }
      return shape
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(inputs[0].dtype, shape)]
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let dtype = inputs[0].dtype
      let layout = Layout(contiguous: shape)
      return [
        Value.make(dtype, layout) { out in
          var offset = 0
          for input in inputs {
            let target = out + offset * layout.strides[dim] * dtype.size
            offset += input.shape[dim]
            if input.count == 0 { continue }
            input.withElements { pointer, strides in
              kb_copy(
                dtype.size, layout.rank, input.shape, pointer, strides, target, layout.strides)
            }
          }
        }
      ]
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let whole = outputs[0].layout
      guard whole.isContiguous else { return nil }
      let size = outputs[0].dtype.size
      let rank = whole.rank
      let layouts = inputs.map { StridedLayout($0.layout) }
      let offsets = inputs.indices.map { i in
        inputs.prefix(i).reduce(0) { $0 + $1.shape[dim] } * whole.strides[dim] * size
      }
      let steps = StridedLayout(Layout(shape: whole.strides, strides: whole.strides))
      return .kernel(mayReplace: []) { memory in
        for i in layouts.indices where layouts[i].count > 0 {
          kb_copy(
            size, rank, layouts[i].sizes, memory[i], layouts[i].strides,
            memory[layouts.count] + offsets[i], steps.sizes)
        }
        return true
      }
    }

    public var residuals: Residuals { .none }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dy = cotangents[0] else { return shapes.map { _ in nil } }
      var start = 0
      return shapes.indices.map { i in
        defer { start += shapes[i][dim] }
        return kept.isNeeded[i] ? dy.narrow(dim: dim, start: start, length: shapes[i][dim]) : nil
      }
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      if tangents.allSatisfy({ $0 == nil }) { return [nil] }
      let dtype = outputs[0].dtype
      return bind(
        self, tangents.enumerated().map { $1 ?? Tensor.zerosView(shapes[$0], dtype) }
      ).map { $0 }
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(
        Cat(dim + 1, shapes.map { [size] + $0 }),
        zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) })
    }
  }
}

extension Operation {
  static let cat = Operation(
    "cat", .movement, primitives: [Primitives.Cat.self],
    samples: [
      Sample(.uniform(), .uniform(-2...2, [1, 3])) { KobaiOperators.cat([$0[0], $0[1]]) },
      Sample(.uniform(), .uniform(-2...2, [2, 1])) { Tensor.cat([$0[0], $0[1], $0[0]], dim: -1) },
      Sample(.uniform(), .uniform(-2...2, [0])) { Tensor.cat([$0[1], $0[0]], dim: 1) },
      Sample(.uniform(), .integers(0..<5, [2, 3])) { Tensor.cat([$0[0], $0[1]]) },
      Sample(.complex(), .uniform()) { Tensor.cat([$0[0], $0[1]]) },
    ])
  static let stack = Operation(
    "stack", .movement,
    samples: [
      Sample(.uniform(), .uniform()) { KobaiOperators.stack([$0[0], $0[1]]) },
      Sample(.uniform(), .uniform()) { Tensor.stack([$0[0], $0[1]], dim: -1) },
      Sample(.uniform(-2...2, []), .uniform(-2...2, [])) { Tensor.stack([$0[0], $0[1]]) },
      Sample(.uniform(-2...2, [2]), .uniform(-2...2, [1])) { Tensor.hstack([$0[0], $0[1]]) },
      Sample(.uniform(-2...2, [2]), .uniform(-2...2, [3, 2])) { Tensor.vstack([$0[0], $0[1]]) },
      Sample(.uniform(-2...2, [2]), .uniform(-2...2, [1, 2])) { Tensor.dstack([$0[0], $0[1]]) },
      Sample(.uniform(-2...2, [2]), .uniform(-2...2, [2, 3])) {
        Tensor.columnStack([$0[0], $0[1]])
      },
    ])
}

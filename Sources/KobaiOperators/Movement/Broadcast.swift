import KobaiTensor

extension Tensor {
  /// Repeats dimensions of size 1, and adds dimensions in front, until the shape is `shape`. No copy.
  ///
  ///     Tensor([[1], [2]]).broadcast(to: [2, 3])   // tensor([[1, 1, 1], [2, 2, 2]])
  public func broadcast(to shape: Shape) -> Tensor {
    let own = self.shape
    if own == shape { return self }
    guard Operands.broadcasts(own, to: shape) else {
      return misuse(
        "broadcast: shape \(own) does not broadcast to \(shape); sizes, aligned at the end, must "
          + "be equal or 1")
    }
    return bind(Primitives.Broadcast(from: own, to: shape), self)
  }

  /// PyTorch's `expand`: like `broadcast(to:)`, with −1 for a size that stays.
  public func expand(_ sizes: [Int]) -> Tensor {
    let own = shape
    let offset = sizes.count - own.count
    guard offset >= 0 else {
      return misuse(
        "expand: the number of sizes provided (\(sizes.count)) must be greater or equal to the "
          + "number of dimensions in the tensor (\(own.count))")
    }
    var target = sizes
    for (i, size) in sizes.enumerated() {
      if size == -1 && i >= offset { target[i] = own[i - offset] }
      guard size != -1 || i >= offset else {
        return misuse(
          "expand: The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
            + "dimension \(i)")
      }
      guard target[i] >= 0, i < offset || own[i - offset] == target[i] || own[i - offset] == 1
      else {
        return misuse(
          "expand: The expanded size of the tensor (\(size)) must match the existing size "
            + "\(i < offset ? "" : "(\(own[i - offset])) ")at non-singleton dimension \(i).  "
            + "Target sizes: \(sizes).  Tensor sizes: \(own)")
      }
    }
    return broadcast(to: target)
  }

  public func expand(_ sizes: Int...) -> Tensor { expand(sizes) }

  /// Repeated to the shape of another tensor.
  public func expandAs(_ other: Tensor) -> Tensor { expand(other.shape) }

  /// Tensors repeated to one shape.
  ///
  ///     Tensor.broadcastTensors([Tensor([1, 2]), Tensor([[3]])])   // shapes [1, 2], [1, 2]
  public static func broadcastTensors(_ tensors: [Tensor]) -> [Tensor] {
    guard let shape = Operands.broadcastShape("broadcastTensors", tensors.map(\.shape)) else {
      return tensors.map { _ in .poison }
    }
    return tensors.map { $0.broadcast(to: shape) }
  }
}

extension Primitives {
  /// The gradient of every broadcast is this primitive's transpose; no other rule sums over dimensions
  /// that were repeated.
  public struct Broadcast: LinearOperation {
    public static let name = "broadcast"
    public static let gradientName = "ExpandBackward0"
    let source, target: Shape

    init(from source: Shape, to target: Shape) {
      self.source = source
      self.target = target
    }

    public func infer(_ x: TensorType) -> TensorType { TensorType(x.dtype, target) }

    public func evaluate(_ x: Value) -> Value { x.view(spread(x.layout)) }

    private func spread(_ layout: Layout) -> Layout {
      let offset = target.count - source.count
      var strides = [Int](repeating: 0, count: target.count)
      for i in source.indices where source[i] == target[offset + i] {
        strides[offset + i] = layout.strides[i]
      }
      return Layout(shape: target, strides: strides)
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      .view(spread(inputs[0].layout), offset: 0)
    }

    public func transpose(_ dy: Tensor) -> Tensor {
      let offset = target.count - source.count
      let repeated = target.indices.filter { $0 < offset || source[$0 - offset] != target[$0] }
      if repeated.isEmpty { return dy.reshape(source) }
      return dy.sum(dims: repeated).reshape(source)
    }

    public func batch(_ x: Tensor, size: Int) -> Tensor {
      // New dimensions go between the batch and the others.
      let ones = Shape(repeating: 1, count: target.count - source.count)
      return x.reshape([size] + ones + source).broadcast(to: [size] + target)
    }
  }
}

extension Operation {
  static let broadcast = Operation(
    "broadcast", .movement, primitives: [Primitives.Broadcast.self],
    samples: [
      Sample(.uniform(-2...2, [2, 1])) { $0[0].broadcast(to: [4, 2, 3]) },
      Sample(.uniform(-2...2, [])) { $0[0].broadcast(to: [2, 3]) },
      Sample(.uniform(-2...2, [1])) { $0[0].broadcast(to: [0]) },
    ])
  static let expand = Operation(
    "expand", .movement,
    samples: [
      Sample(.uniform(-2...2, [2, 1])) { $0[0].expand(3, -1, 2) },
      Sample(.uniform(-2...2, [1, 3]), .uniform(-2...2, [2, 3])) { $0[0].expandAs($0[1]) },
      Sample(
        .uniform(-2...2, [2, 1]), .uniform(-2...2, [3]),
        results: { Tensor.broadcastTensors([$0[0], $0[1]]) }),
    ])
}

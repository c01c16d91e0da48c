import CKernels
import KobaiTensor

extension Tensor {
  /// One element for each index: `y[i, j] = x[i, index[i, j]]` for `dim` 1.
  ///
  ///     Tensor([[1, 2], [3, 4]]).gather(dim: 1, index: Tensor([[1], [0]]))   // tensor([[2], [3]])
  ///
  /// - Parameter index: int64 or int32, with as many dimensions as the tensor, none of them longer but
  ///   `dim`.
  /// - Returns: the shape of `index`.
  public func gather(dim: Int, index: Tensor) -> Tensor {
    let shape = shape
    guard let d = Operands.dimension("gather", dim, rank: shape.count),
      Operands.takesRank("gather", shape.count)
    else { return .poison }
    let counts = index.shape
    // Nothing is gathered: PyTorch then looks neither at the dtype nor at the other dimensions.
    if index.count == 0 {
      return flatten().narrow(dim: 0, start: 0, length: 0).reshape(counts)
    }
    guard let index = Operands.index("gather", index) else { return .poison }
    // A number and a tensor of shape [1] go together, as in PyTorch.
    if shape.isEmpty || counts.isEmpty {
      guard Swift.max(shape.count, counts.count) <= 1 else {
        return misuse(Self.rankMismatch("gather", "input", shape, counts))
      }
      return bind(Primitives.Gather(0, atLeast1d().shape), atLeast1d(), index.atLeast1d())
        .reshape(counts)
    }
    guard counts.count == shape.count else {
      return misuse(Self.rankMismatch("gather", "input", shape, counts))
    }
    for i in shape.indices where i != d && counts[i] > shape[i] {
      return misuse(
        "gather: Size does not match at dimension \(i) expected index \(counts) to be no larger than "
          + "self \(shape) apart from dimension \(d)")
    }
    return bind(Primitives.Gather(d, shape), self, index)
  }

  static func rankMismatch(
    _ name: String, _ other: String, _ shape: Shape, _ index: Shape
  ) -> String {
    "\(name): Index tensor must have the same number of dimensions as \(other) tensor, but the "
      + "shapes are \(index) and \(shape)"
  }

  /// Elements by index along a dimension, with the other dimensions broadcast; without a dimension, from
  /// the flattened tensor. Indices may be negative.
  ///
  ///     let x = Tensor([[30, 10], [5, 7]])
  ///     x.takeAlongDim(x.argsort(dim: 1), dim: 1)   // tensor([[10, 30], [5, 7]])
  public func takeAlongDim(_ indices: Tensor, dim: Int? = nil) -> Tensor {
    guard let index = Operands.index("takeAlongDim", indices) else { return .poison }
    guard let dim else { return flatten().takeAlongDim(index.flatten(), dim: 0) }
    guard rank == index.rank else {
      return misuse(
        "takeAlongDim: input and indices should have the same number of dimensions, but got "
          + "\(rank) dimensions for input, and \(index.rank) dimensions for indices")
    }
    guard let d = Operands.dimension("takeAlongDim", dim, rank: rank) else { return .poison }
    if rank == 0 { return gather(dim: 0, index: index) }
    var (own, counts) = (shape, index.shape)
    let (size, count) = (own[d], counts[d])
    (own[d], counts[d]) = (1, 1)
    guard var common = Operands.broadcastShape("takeAlongDim", [own, counts]) else {
      return .poison
    }
    common[d] = size
    let x = broadcast(to: common)
    common[d] = count
    let wrapped = Tensor.where(index < 0, index + size, index)
    return x.gather(dim: d, index: wrapped.broadcast(to: common))
  }
}

extension Primitives {
  /// Linear in x for a fixed index. Rank at least 1.
  public struct Gather: SelectionPrimitive {
    public static let name = "gather"
    package let dim: Int
    let source: Shape

    init(_ dim: Int, _ source: Shape) {
      self.dim = dim
      self.source = source
    }

    public func infer(_ x: TensorType, _ index: TensorType) -> TensorType {
      TensorType(x.dtype, index.shape)
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs[0].layout.isContiguous else { return nil }
      let (x, index) = (inputs[0].layout, StridedLayout(inputs[1].layout))
      let (size, dim, length) = (inputs[0].dtype.size, dim, source[dim])
      // Stated also for a contiguous x: its other dimensions may be longer than the index's.
      let steps = StridedLayout(Layout(shape: x.strides, strides: x.strides))
      return .kernel(mayReplace: []) { memory in
        var bad: Int64 = 0
        return kb_gather_along(
          size, index.rank, index.sizes, dim, length, memory[0], steps.sizes,
          UnsafePointer(memory[1].assumingMemoryBound(to: Int64.self)), index.strides, memory[2],
          &bad) == 0
      }
    }

    public func evaluate(_ x: Value, _ index: Value) -> Value {
      var bad: Int64 = 0
      var status: kb_status = 0
      let counts = index.shape
      // Stated also for a contiguous x: its other dimensions may be longer than the index's.
      let steps = x.layout.strides
      let result = x.withElements { px, _ in
        index.withIndices { pi, si in
          Value.make(x.dtype, index.layout.contiguous) { out in
            status = kb_gather_along(
              x.dtype.size, counts.count, counts, dim, source[dim], px, steps, pi, si, out, &bad)
          }
        }
      }
      guard status == 0 else {
        return misuse(
          "gather: index \(bad) is out of bounds for dimension \(dim) with size \(source[dim])",
          else: .poison)
      }
      return result
    }

    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ index: Tensor, _ z: Tensor) -> Tensor? {
      bind(
        Scatter(.sum, includesSelf: true, dim, source),
        [Tensor.zerosView(source, dz.dtype), index, dz])[0]
    }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let all = zip(inputs, isBatched).map { $0.batched($1, size) }
      return [bind(Gather(dim + 1, [size] + source), all[0], all[1])]
    }
  }
}

extension Operation {
  static let gather = Operation(
    "gather", .indexing, primitives: [Primitives.Gather.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .integers(0..<4, [2, 5])) {
        $0[0].gather(dim: 1, index: $0[1])
      },
      Sample(.uniform(-2...2, [3, 4]), .integers(0..<3, [2, 2])) {
        $0[0].gather(dim: -2, index: $0[1])
      },
      Sample(.uniform(-2...2, []), .integers(0..<1, [])) { $0[0].gather(dim: 0, index: $0[1]) },
      Sample(.uniform(-2...2, [3]), .integers(0..<3, [])) { $0[0].gather(dim: 0, index: $0[1]) },
      Sample(.complex(-2...2, [3]), .integers(0..<3, [5])) { $0[0].gather(dim: 0, index: $0[1]) },
    ])
  static let takeAlongDim = Operation(
    "takeAlongDim", .indexing,
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .integers(-4..<4, [1, 2])) {
        $0[0].takeAlongDim($0[1], dim: 1)
      },
      Sample(.uniform(-2...2, [3, 4]), .integers(0..<12, [2, 2])) { $0[0].takeAlongDim($0[1]) },
    ])
}

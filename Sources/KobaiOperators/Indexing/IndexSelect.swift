import CKernels
import KobaiTensor

extension Tensor {
  /// The given indices along a dimension.
  ///
  ///     Tensor([[1, 2], [3, 4]]).indexSelect(dim: 1, index: Tensor([1, 1]))   // tensor([[2, 2], [4, 4]])
  ///
  /// - Parameter index: int64 or int32, with one dimension or none, from 0 to the size − 1.
  public func indexSelect(dim: Int, index: Tensor) -> Tensor {
    let shape = shape
    guard let d = Operands.dimension("indexSelect", dim, rank: shape.count),
      Operands.takesRank("indexSelect", shape.count)
    else { return .poison }
    guard index.rank <= 1 else {
      return misuse(
        "indexSelect: Index is supposed to be a vector, but its shape is \(index.shape)")
    }
    guard let index = Operands.index("indexSelect", index)?.atLeast1d() else { return .poison }
    if shape.isEmpty {
      guard index.count == 1 else {
        return misuse(
          "indexSelect: Index to scalar can have only 1 value, got \(index.count) value(s)")
      }
      return bind(Primitives.IndexSelect(0, [1]), reshape([1]), index).reshape([])
    }
    return bind(Primitives.IndexSelect(d, shape), self, index)
  }
}

extension Primitives {
  /// Linear in x for a fixed index of one dimension.
  public struct IndexSelect: SelectionPrimitive {
    public static let name = "indexSelect"
    let dim: Int
    let source: Shape

    init(_ dim: Int, _ source: Shape) {
      self.dim = dim
      self.source = source
    }

    private func shape(_ count: Int) -> Shape {
      var shape = source
      shape[dim] = count
      return shape
    }

    public func infer(_ x: TensorType, _ index: TensorType) -> TensorType {
      TensorType(x.dtype, shape(index.shape.first ?? 0))
    }

    public func evaluate(_ x: Value, _ index: Value) -> Value {
      var bad: Int64 = 0
      var status: kb_status = 0
      let count = index.count
      let result = x.withElements { px, sx in
        index.withIndices { pi, _ in
          Value.make(x.dtype, shape(count)) { out in
            status = kb_index_select(
              x.dtype.size, source.count, source, dim, px, sx, pi, count, index.layout.strides[0],
              out, &bad)
          }
        }
      }
      guard status == 0 else {
        return misuse(
          "indexSelect: index out of range in self: \(bad) is out of bounds for dimension \(dim) "
            + "with size \(source[dim])", else: .poison)
      }
      return result
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs[0].layout.isContiguous else { return nil }
      let (x, size, dim) = (StridedLayout(inputs[0].layout), inputs[0].dtype.size, dim)
      let (count, step) = (inputs[1].layout.count, inputs[1].layout.strides[0])
      return .kernel(mayReplace: []) { memory in
        var bad: Int64 = 0
        return kb_index_select(
          size, x.rank, x.sizes, dim, memory[0], x.strides,
          memory[1].assumingMemoryBound(to: Int64.self), count, step, memory[2], &bad) == 0
      }
    }

    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ index: Tensor, _ z: Tensor) -> Tensor? {
      bind(IndexUpdate(.sum, dim, source), [Tensor.zerosView(source, dz.dtype), index, dz])[0]
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let (x, index) = (inputs[0], inputs[1])
      guard isBatched[1] else { return [bind(IndexSelect(dim + 1, [size] + source), x, index)] }
      if isBatched[0] {
        // An index for each example: gather, the index repeated over the other dimensions.
        return [
          bind(
            Gather(dim + 1, [size] + source), x,
            Primitives.spread(index, size, dim, shape(index.shape[1])))
        ]
      }
      let count = index.shape[1]
      let all = bind(self, x, index.reshape([size * count]))
      var shape = source
      shape.replaceSubrange(dim...dim, with: [size, count])
      return [all.reshape(shape).movedim(dim, 0)]
    }
  }

  /// A batch of index vectors, [size, count], as the index of a gather along `dim` of arrays of a shape.
  static func spread(_ index: Tensor, _ size: Int, _ dim: Int, _ shape: Shape) -> Tensor {
    var ones = Shape(repeating: 1, count: shape.count)
    ones[dim] = shape[dim]
    return index.reshape([size] + ones).broadcast(to: [size] + shape)
  }
}

extension Operation {
  static let indexSelect = Operation(
    "indexSelect", .indexing, primitives: [Primitives.IndexSelect.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .integers(0..<3, [5])) {
        $0[0].indexSelect(dim: 0, index: $0[1])
      },
      Sample(.uniform(-2...2, [3, 4]), .integers(0..<4, [])) {
        $0[0].indexSelect(dim: -1, index: $0[1])
      },
      Sample(.uniform(-2...2, []), .integers(0..<1, [1])) {
        $0[0].indexSelect(dim: 0, index: $0[1])
      },
      Sample(.uniform(-2...2, [2, 0]), .integers(0..<2, [3])) {
        $0[0].indexSelect(dim: 0, index: $0[1])
      },
      Sample(.complex(-2...2, [4]), .integers(0..<4, [5])) {
        $0[0].indexSelect(dim: 0, index: $0[1])
      },
    ])
}

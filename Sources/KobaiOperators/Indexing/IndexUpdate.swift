import CKernels
import KobaiTensor

extension Tensor {
  /// A copy with `alpha` times parts of `source` added at the given indices along a dimension.
  ///
  ///     Tensor.zeros([3]).indexAdd(dim: 0, index: Tensor([2, 2]), source: Tensor([1.0, 2.0]))
  ///     // tensor([0., 0., 3.])
  ///
  /// - Parameter source: of this tensor's dtype and shape, with one part for each index in place of `dim`.
  public func indexAdd(dim: Int, index: Tensor, source: Tensor) -> Tensor {
    indexUpdate("indexAdd", .sum, dim, index, source)
  }

  /// A copy with `alpha` times parts of `source` added at the given indices along a dimension.
  public func indexAdd<S: TensorScalar>(
    dim: Int, index: Tensor, source: Tensor, alpha: S
  ) -> Tensor {
    // A number does not change the dtype here: alpha 1.5 of integers is refused as in PyTorch.
    let factor = Tensor(weak: alpha)
    guard factor.value.dtype.category <= Swift.max(source.dtype.category, .integer) else {
      return misuse(
        "indexAdd: For integral input tensors, argument alpha must not be a floating point number; "
          + "the dtype is \(source.dtype)")
    }
    return indexAdd(dim: dim, index: index, source: source * factor.to(source.dtype))
  }

  /// A copy with the given indices along a dimension replaced by parts of `source`.
  ///
  ///     Tensor.zeros([3]).indexCopy(dim: 0, index: Tensor([2, 0]), source: Tensor([1.0, 2.0]))
  ///     // tensor([2., 0., 1.])
  public func indexCopy(dim: Int, index: Tensor, source: Tensor) -> Tensor {
    indexUpdate("indexCopy", .assign, dim, index, source)
  }

  /// A copy with the given indices along a dimension filled with one value: a rank-0 tensor.
  public func indexFill(dim: Int, index: Tensor, value: Tensor) -> Tensor {
    guard value.rank == 0 else {
      return misuse(
        "indexFill: only supports a 0-dimensional value tensor, but got tensor with "
          + "\(value.rank) dimension(s).")
    }
    guard !value.dtype.isComplex || dtype.isComplex else {
      return misuse("indexFill: Converting complex Scalar to non-complex type is not supported")
    }
    guard index.rank <= 1 else {
      return misuse("indexFill: Index has to be a vector/scalar, but its shape is \(index.shape)")
    }
    guard let i = Operands.index("indexFill", index)?.atLeast1d(),
      let d = Operands.dimension("indexFill", dim, rank: rank), !isPoisoned
    else { return .poison }
    var ones = Shape(repeating: 1, count: Swift.max(rank, 1))
    let size = atLeast1d().shape[d]
    ones[d] = size
    // Through a mask, so that an index named twice has one share in the value's gradient. Only here may
    // indices be negative.
    let mask = Tensor.zerosView([size], .bool).indexCopy(
      dim: 0, index: Tensor.where(i < 0, i + size, i),
      source: Tensor.full([], true).broadcast(to: i.shape))
    return Tensor.where(mask.reshape(rank == 0 ? [] : ones), value.to(dtype), self)
  }

  /// A copy with the given indices along a dimension filled with one number.
  ///
  ///     Tensor.zeros([3]).indexFill(dim: 0, index: Tensor([2, 0]), value: 5)   // tensor([5., 0., 5.])
  public func indexFill<S: TensorScalar>(dim: Int, index: Tensor, value: S) -> Tensor {
    indexFill(dim: dim, index: index, value: Tensor(weak: value))
  }

  /// A copy with parts of `source` reduced into the given indices along a dimension.
  ///
  ///     Tensor([1.0, 2.0]).indexReduce(
  ///       dim: 0, index: Tensor([1, 1]), source: Tensor([4.0, 3.0]), reduce: .prod)   // tensor([1., 24.])
  public func indexReduce(
    dim: Int, index: Tensor, source: Tensor, reduce: ScatterReduction, includeSelf: Bool = true
  ) -> Tensor {
    guard let (d, i) = indexArguments("indexReduce", dim, index, source) else { return .poison }
    let src = source.atLeast1d()
    var ones = Shape(repeating: 1, count: src.rank)
    ones[d] = i.count
    return atLeast1d().scatterReduce(
      dim: d, index: i.reshape(ones).broadcast(to: src.shape), src: src, reduce: reduce,
      includeSelf: includeSelf
    ).reshape(shape)
  }

  private func indexUpdate(
    _ name: String, _ kind: Primitives.ScatterKind, _ dim: Int, _ index: Tensor, _ source: Tensor
  ) -> Tensor {
    guard let (d, i) = indexArguments(name, dim, index, source) else { return .poison }
    let x = atLeast1d()
    var part = x.shape
    part[d] = i.count
    return bind(Primitives.IndexUpdate(kind, d, x.shape), [x, i, source.reshape(part)])[0]
      .reshape(shape)
  }

  /// The dimension and the index vector; nil, after the misuse, if the arguments do not fit.
  private func indexArguments(
    _ name: String, _ dim: Int, _ index: Tensor, _ source: Tensor
  ) -> (Int, Tensor)? {
    let (own, given) = (shape, source.shape)
    guard let d = Operands.dimension(name, dim, rank: own.count),
      Operands.takesRank(name, own.count), !isPoisoned,
      !source.isPoisoned
    else { return nil }
    guard index.rank <= 1 else {
      return misuse(
        "\(name): Index is supposed to be a vector, but its shape is \(index.shape)", else: nil)
    }
    guard let index = Operands.index(name, index)?.atLeast1d() else { return nil }
    guard source.dtype == dtype else {
      return misuse(
        "\(name): self (\(dtype)) and source (\(source.dtype)) must have the same scalar type",
        else: nil)
    }
    let count = index.count
    if own.isEmpty || given.isEmpty {
      guard source.count == count, own.count <= 1, own.isEmpty || given.isEmpty && count == 1
      else {
        return misuse(
          "\(name): Number of indices (\(count)) should be equal to source.size(dim): "
            + "(\(source.count)), for the shapes \(own) and \(given)", else: nil)
      }
      return (d, index)
    }
    guard own.count == given.count,
      own.indices.allSatisfy({ $0 == d || own[$0] == given[$0] })
    else {
      return misuse(
        "\(name): source tensor shape must match self tensor shape, excluding the specified "
          + "dimension. Got self.shape = \(own) source.shape = \(given)", else: nil)
    }
    guard given[d] == count else {
      return misuse(
        "\(name): Number of indices (\(count)) should be equal to source.size(dim): "
          + "(\(given[d])), for dim: \(d)", else: nil)
    }
    return (d, index)
  }
}

extension Primitives {
  /// x with parts replaced by those of a source, or with those added. Linear in x and source together for
  /// a fixed index of one dimension.
  public struct IndexUpdate: Primitive {
    public static let name = "indexUpdate"
    let kind: ScatterKind
    let dim: Int
    let source: Shape

    init(_ kind: ScatterKind, _ dim: Int, _ source: Shape) {
      self.kind = kind
      self.dim = dim
      self.source = source
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0]] }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let (x, index, part) = (inputs[0], inputs[1], inputs[2])
      let (result, outOfRange) = x.updated { px, sx, out, bad in
        index.withIndices { pi, _ in
          part.withElements { ps, ss in
            kb_index_update(
              kind.kernel, true, x.dtype.code, source.count, source, dim, px, sx, out, pi,
              index.count, index.layout.strides[0], ps, ss, &bad)
          }
        }
      }
      guard let outOfRange else { return [result] }
      return [
        misuse(
          "indexUpdate: index \(outOfRange) is out of bounds for dimension \(dim) with size \(source[dim])",
          else: .poison)
      ]
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs[0].layout.isContiguous else { return nil }
      let (dtype, dim) = (inputs[0].dtype.code, dim)
      let (x, part) = (StridedLayout(inputs[0].layout), StridedLayout(inputs[2].layout))
      let (kernel, count, step) = (
        kind.kernel, inputs[1].layout.count, inputs[1].layout.strides[0]
      )
      // Not in the memory of an input: the source may be the same value as the first.
      return .kernel(mayReplace: []) { memory in
        var bad: Int64 = 0
        return kb_index_update(
          kernel, true, dtype, x.rank, x.sizes, dim, memory[0], x.strides, memory[3],
          memory[1].assumingMemoryBound(to: Int64.self), count, step, memory[2], part.strides,
          &bad) == 0
      }
    }

    public var residuals: Residuals { .input(1) }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dz = cotangents[0] else { return [nil, nil, nil] }
      let index = kept.input(1)
      var dx: Tensor?
      if kept.isNeeded[0] { dx = kind == .sum ? dz : cleared(dz, index) }
      return [dx, nil, kept.isNeeded[2] ? bind(IndexSelect(dim, source), dz, index) : nil]
    }

    private func part(_ index: Tensor) -> Shape {
      var shape = source
      shape[dim] = index.shape[0]
      return shape
    }

    private func cleared(_ x: Tensor, _ index: Tensor) -> Tensor {
      bind(self, [x, index, Tensor.zerosView(part(index), x.dtype)])[0]
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      if tangents[0] == nil && tangents[2] == nil { return [nil] }
      let dtype = outputs[0].dtype
      return bind(
        self,
        [
          tangents[0] ?? Tensor.zerosView(source, dtype), inputs[1],
          tangents[2] ?? Tensor.zerosView(part(inputs[1]), dtype),
        ]
      ).map { $0 }
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let x = inputs[0].batched(isBatched[0], size)
      let part = inputs[2].batched(isBatched[2], size)
      guard isBatched[1] else {
        return bind(IndexUpdate(kind, dim + 1, [size] + source), [x, inputs[1], part])
      }
      let index = Primitives.spread(inputs[1], size, dim, Array(part.shape.dropFirst()))
      return bind(
        Scatter(kind, includesSelf: true, dim + 1, [size] + source), [x, index, part])
    }
  }
}

extension Operation {
  static let indexAdd = Operation(
    "indexAdd", .indexing, primitives: [Primitives.IndexUpdate.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .integers(0..<3, [2]), .uniform(-2...2, [2, 4])) {
        $0[0].indexAdd(dim: 0, index: $0[1], source: $0[2])
      },
      Sample(.uniform(-2...2, [3, 2]), .integers(0..<2, [3]), .uniform(-2...2, [3, 3])) {
        $0[0].indexAdd(dim: -1, index: $0[1], source: $0[2], alpha: -2)
      },
      Sample(.uniform(-2...2, []), .uniform(-2...2, [])) {
        $0[0].indexAdd(dim: 0, index: Tensor([0]), source: $0[1])
      },
    ])
  static let indexCopy = Operation(
    "indexCopy", .indexing,
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .uniform(-2...2, [2, 4])) {
        $0[0].indexCopy(dim: 0, index: Tensor([2, 0]), source: $0[1])
      },
      Sample(.complex(-2...2, [3]), .complex(-2...2, [2])) {
        $0[0].indexCopy(dim: 0, index: Tensor([2, 0]), source: $0[1])
      },
    ])
  static let indexFill = Operation(
    "indexFill", .indexing,
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .uniform(-2...2, [])) {
        $0[0].indexFill(dim: 1, index: Tensor([-1, 0]), value: $0[1])
      },
      Sample(.uniform(-2...2, [3, 4])) { $0[0].indexFill(dim: 0, index: Tensor(1), value: 2.5) },
      Sample(.uniform(-2...2, [])) { $0[0].indexFill(dim: 0, index: Tensor([0]), value: 2.5) },
    ])
  static let indexReduce = Operation(
    "indexReduce", .indexing,
    samples: [
      Sample(.distinct([3, 4]), .integers(0..<3, [2]), .distinct([2, 4], step: 0.3)) {
        $0[0].indexReduce(dim: 0, index: $0[1], source: $0[2], reduce: .amax)
      },
      Sample(.uniform(-2...2, [3]), .integers(0..<3, [4]), .uniform(-2...2, [4])) {
        $0[0].indexReduce(dim: 0, index: $0[1], source: $0[2], reduce: .mean, includeSelf: false)
      },
    ])
}

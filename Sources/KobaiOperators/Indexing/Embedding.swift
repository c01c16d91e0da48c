import CKernels
import KobaiTensor

extension Tensor {
  /// The rows of `weight` with the numbers in this tensor.
  ///
  ///     Tensor([1, 0]).embedding(Tensor([[1.0, 2.0], [3.0, 4.0]]))   // tensor([[3., 4.], [1., 2.]])
  ///
  /// - Parameters:
  ///   - weight: a matrix.
  ///   - paddingIdx: a row that gets no gradient; counted from the end if negative.
  ///   - maxNorm: rows that are used and whose norm is larger are scaled down to it first, in a live
  ///     weight (a parameter) for good.
  ///   - normType: the exponent of that norm.
  ///   - scaleGradByFreq: divides the gradient of a row by how often it is used.
  /// - Returns: this tensor's shape and a last dimension for the row.
  public func embedding(
    _ weight: Tensor, paddingIdx: Int? = nil, maxNorm: Double? = nil, normType: Double = 2,
    scaleGradByFreq: Bool = false
  ) -> Tensor {
    guard weight.rank == 2 else {
      return misuse("embedding: 'weight' must be 2-D, but its shape is \(weight.shape)")
    }
    guard let index = Operands.index("embedding", self) else { return .poison }
    let rows = weight.shape[0]
    var padding: Int?
    if let paddingIdx {
      guard paddingIdx >= -rows && paddingIdx < rows else {
        return misuse(
          "embedding: Padding_idx must be within num_embeddings: \(paddingIdx) of \(rows)")
      }
      padding = paddingIdx < 0 ? paddingIdx + rows : paddingIdx
    }
    var table = weight
    if let maxNorm {
      table.embeddingRenorm_(index, maxNorm: maxNorm, normType: normType)
    }
    return bind(
      Primitives.Embedding(
        shape: weight.shape, padding: padding, scalesByFrequency: scaleGradByFreq), table, index)
  }

  /// Scales the rows of this matrix that `indices` names, and whose norm is larger, down to `maxNorm`: what
  /// `embedding` does first if it is given a `maxNorm`.
  public mutating func embeddingRenorm_(
    _ indices: Tensor, maxNorm: Double, normType: Double = 2
  ) {
    let renormed = renormalized(indices, maxNorm, normType)
    if let state {
      state.replace(renormed, operation: "embeddingRenorm_")
    } else {
      self = renormed
    }
  }

  /// The matrix with the used rows scaled down to a norm.
  private func renormalized(_ index: Tensor, _ maxNorm: Double, _ p: Double) -> Tensor {
    noGrad {
      guard index.hostValue("embedding") != nil, detach().hostValue("embedding") != nil else {
        return .poison
      }
      let used = Set(index.array(as: Int.self)).filter { $0 >= 0 && $0 < shape[0] }.sorted()
      if used.isEmpty { return detach() }
      let rows = Tensor(used)
      let width = shape[1]
      let chosen = detach().indexSelect(dim: 0, index: rows).double()
      let sizes = Tensor.where(chosen < 0, -chosen, chosen)
      var elements = chosen.array(as: Double.self)
      let norms =
        p.isInfinite
        ? sizes.unbind().map { $0.array(as: Double.self).max() ?? 0 }
        : (sizes ** p).sum(dim: 1).pow(1 / p).array(as: Double.self)
      for (i, norm) in norms.enumerated() where norm > maxNorm {
        // PyTorch's guard against division by 0.
        let scale = maxNorm / (norm + 1e-7)
        for j in i * width..<(i + 1) * width { elements[j] *= scale }
      }
      let scaled = Tensor(elements, shape: [used.count, width], dtype: dtype)
      return detach().indexCopy(dim: 0, index: rows, source: scaled)
    }
  }
}

extension Primitives {
  /// Rows of a matrix by number, with embedding's rules for the gradient.
  public struct Embedding: SelectionPrimitive {
    public static let name = "embedding"
    let shape: Shape
    let padding: Int?
    let scalesByFrequency: Bool

    public func infer(_ weight: TensorType, _ index: TensorType) -> TensorType {
      TensorType(weight.dtype, index.shape + [shape[1]])
    }

    public func evaluate(_ weight: Value, _ index: Value) -> Value {
      let dense = index.contiguous
      let result = index.shape + [shape[1]]
      var bad: Int64 = 0
      var status: kb_status = 0
      let rows = weight.withElements { pw, sw in
        dense.withIndices { pi, _ in
          Value.make(weight.dtype, result) { out in
            status = kb_index_select(
              weight.dtype.size, 2, shape, 0, pw, sw, pi, dense.count, 1, out, &bad)
          }
        }
      }
      guard status == 0 else {
        return misuse(
          "embedding: index out of range in self: \(bad) for a weight of \(shape[0]) rows",
          else: .poison)
      }
      return rows
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let (weight, size) = (StridedLayout(inputs[0].layout), inputs[0].dtype.size)
      let count = inputs[1].layout.count
      return .onContiguous(inputs, to: outputs, except: [0]) { memory in
        var bad: Int64 = 0
        return kb_index_select(
          size, 2, weight.sizes, 0, memory[0], weight.strides,
          memory[1].assumingMemoryBound(to: Int64.self), count, 1, memory[2], &bad) == 0
      }
    }

    /// The cotangent (or tangent) of the rows with the padding's left out and frequent ones scaled.
    private func weighted(_ rows: Tensor, _ index: Tensor) -> Tensor {
      var result = rows
      if scalesByFrequency {
        let flat = index.flatten()
        let ones = Tensor.full([], 1, dtype: rows.dtype).broadcast(to: flat.shape)
        let counts = bind(
          IndexUpdate(.sum, 0, [shape[0]]),
          [Tensor.zerosView([shape[0]], rows.dtype), flat, ones])[0]
        result = rows / counts.index([index]).unsqueeze(-1)
      }
      if let padding {
        result = result.maskedFill(index.eq(Tensor(weak: padding)).unsqueeze(-1), 0)
      }
      return result
    }

    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ index: Tensor, _ z: Tensor) -> Tensor? {
      let flat = index.flatten()
      return bind(
        IndexUpdate(.sum, 0, shape),
        [
          Tensor.zerosView(shape, dz.dtype), flat,
          weighted(dz, index).reshape([flat.count, shape[1]]),
        ])[0]
    }
    public func pushforwardX(_ dx: Tensor, _ x: Tensor, _ index: Tensor, _ z: Tensor) -> Tensor? {
      weighted(bind(self, dx, index), index)
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let (weight, index) = (inputs[0], inputs[1])
      // One weight serves all examples unless the frequency counts differ between them.
      if !isBatched[0] && !scalesByFrequency { return [bind(self, weight, index)] }
      // Otherwise the weights lie one below the other, and each example points into its own.
      let all = weight.batched(isBatched[0], size)
      let numbers = index.batched(isBatched[1], size)
      let first = Primitives.examples(size, numbers.shape) * Tensor(weak: shape[0])
      let rows = bind(
        Embedding(
          shape: [size * shape[0], shape[1]], padding: nil, scalesByFrequency: scalesByFrequency),
        all.reshape([size * shape[0], shape[1]]), numbers + first)
      guard let padding else { return [rows] }
      // The padding's row passes its value on, but no gradient.
      let isPadding = numbers.eq(Tensor(weak: padding)).unsqueeze(-1)
      let shown = rows.shape
      return bind(
        Where(), [isPadding.broadcast(to: shown), rows.detach(), rows]
      ).map { $0 }
    }
  }
}

extension Operation {
  static let embedding = Operation(
    "embedding", .indexing, primitives: [Primitives.Embedding.self],
    samples: [
      Sample(.uniform(-2...2, [4, 3]), .integers(0..<4, [2, 5])) { $0[1].embedding($0[0]) },
      Sample(.uniform(-2...2, [4, 3]), .integers(0..<4, [])) { $0[1].embedding($0[0]) },
      Sample(.uniform(-2...2, [4, 3]), .integers(0..<4, [0])) { $0[1].embedding($0[0]) },
    ])
}

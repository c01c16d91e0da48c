import CKernels
import KobaiTensor

extension Tensor {
  /// Elements at the places that the index tensors name together: one for each dimension, nil for one
  /// that is taken whole. What `x[a, b]` does with tensors.
  ///
  ///     Tensor([[1, 2], [3, 4]]).index([Tensor([0, 1]), Tensor([1, 0])])   // tensor([2, 3])
  ///
  /// - Parameter indices: int64, int32 (negative ones count from the end), bool or uint8 masks.
  public func index(_ indices: [Tensor?]) -> Tensor {
    guard let plan = IndexPlan.make("index", shape, indices) else { return .poison }
    return index(plan)
  }

  func index(_ plan: IndexPlan) -> Tensor {
    if plan.indices.isEmpty { return self }
    return bind(Primitives.Index(plan.pattern), [self] + plan.indices)[0]
  }

  /// A copy with values written at the places that the index tensors name together.
  ///
  ///     Tensor.zeros([3]).indexPut([Tensor([2, 2])], Tensor([1.0, 2.0]), accumulate: true)
  ///     // tensor([0., 0., 3.])
  ///
  /// - Parameters:
  ///   - indices: as for `index`.
  ///   - values: of this tensor's dtype; broadcast to the shape that `index` gives.
  ///   - accumulate: adds instead of replacing; without it, the last of several values at one place
  ///     stays.
  public func indexPut(
    _ indices: [Tensor?], _ values: Tensor, accumulate: Bool = false
  ) -> Tensor {
    guard values.dtype == dtype else {
      return misuse(
        "indexPut: Index put requires the source and destination dtypes match, got \(dtype) for the "
          + "destination and \(values.dtype) for the source.")
    }
    guard let plan = IndexPlan.make("indexPut", shape, indices) else { return .poison }
    return indexPut(plan, values, accumulate: accumulate)
  }

  func indexPut(_ plan: IndexPlan, _ values: Tensor, accumulate: Bool) -> Tensor {
    guard let values = values.fitted("indexPut", to: plan.shape) else { return .poison }
    if plan.indices.isEmpty { return accumulate ? self + values : values }
    return bind(
      Primitives.IndexPut(plan.pattern, accumulate: accumulate), [self, values] + plan.indices)[0]
  }

  /// Broadcast to what is assigned to, sizes of 1 in front left out.
  func fitted(_ name: String, to target: Shape) -> Tensor? {
    var x = self
    let own = shape
    let extra = Swift.max(0, own.count - target.count)
    if extra > 0 && own[..<extra].allSatisfy({ $0 == 1 }) { x = reshape(Array(own[extra...])) }
    let given = x.shape
    let offset = target.count - given.count
    guard offset >= 0,
      given.indices.allSatisfy({ given[$0] == target[offset + $0] || given[$0] == 1 })
    else {
      return misuse(
        "\(name): shape mismatch: value tensor of shape \(own) cannot be broadcast to indexing result "
          + "of shape \(target)", else: nil)
    }
    return x.broadcast(to: target)
  }

  /// Elements of the flattened tensor.
  ///
  ///     Tensor([[1, 2], [3, 4]]).take(Tensor([[-1, 0]]))   // tensor([[4, 1]])
  ///
  /// - Parameter index: int64, of any shape, which is the result's; negative ones count from the end.
  public func take(_ index: Tensor) -> Tensor {
    guard index.dtype == .int64 else {
      return misuse("take: Expected a long tensor for index, but its dtype is \(index.dtype)")
    }
    return flatten().index([index])
  }

  /// A copy with elements of `source` written to places in the flattened tensor.
  ///
  ///     Tensor([[1, 2], [3, 4]]).put(Tensor([0, -1]), Tensor([7, 8]))   // tensor([[7, 2], [3, 8]])
  public func put(_ index: Tensor, _ source: Tensor, accumulate: Bool = false) -> Tensor {
    guard index.dtype == .int64 else {
      return misuse("put: Expected a long tensor for index, but its dtype is \(index.dtype)")
    }
    guard index.count == source.count else {
      return misuse(
        "put: Expected source and index to have the same number of elements, but got source.numel() "
          + "= \(source.count) index.numel() = \(index.count)")
    }
    return flatten().indexPut([index.flatten()], source.flatten(), accumulate: accumulate)
      .reshape(shape)
  }
}

extension Primitives {
  /// x and index tensors of one shape. Linear in x.
  public struct Index: Primitive {
    public static let name = "index"
    let pattern: IndexPattern

    init(_ pattern: IndexPattern) { self.pattern = pattern }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(inputs[0].dtype, pattern.shape(inputs[1].shape))]
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let x = inputs[0]
      let indices = Array(inputs.dropFirst())
      var failure: String?
      let result = x.withElements { px, sx in
        Value.make(x.dtype, pattern.shape(indices[0].shape)) { out in
          failure = pattern.withList(indices) { list, bad in
            kb_index(
              x.dtype.size, pattern.source.count, pattern.source, px, sx, list, out, &bad)
          }
        }
      }
      return [failure.map { misuse("index: \($0)", else: .poison) } ?? result]
    }

    /// All index tensors; input 0 is not read.
    public var residuals: Residuals {
      Residuals.inputs.subtracting(.input(0))
    }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      let none = [Tensor?](repeating: nil, count: kept.inputCount - 1)
      guard let dy = cotangents[0], kept.isNeeded[0] else { return [nil] + none }
      let indices = (1..<kept.inputCount).map { kept.input($0) }
      // In float32 for the half types: a row that is used often has a long sum.
      let wide = dy.dtype.computing
      let zeros = Tensor.zerosView(pattern.source, wide)
      return bind(IndexPut(pattern, accumulate: true), [zeros, dy.to(wide)] + indices)
        .map { $0.to(dy.dtype) } + none
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      guard let dx = tangents[0] else { return [nil] }
      return bind(self, [dx] + inputs.dropFirst()).map { $0 }
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      guard isBatched.dropFirst().contains(true) else {
        return bind(Index(pattern.batched(size)), inputs)
      }
      var indices = zip(inputs, isBatched).dropFirst().map { $0.batched($1, size) }
      var own = pattern
      if isBatched[0] {
        own = pattern.indexedBatch(size)
        indices.insert(Primitives.examples(size, indices[0].shape), at: 0)
      }
      return [bind(Index(own), [inputs[0]] + indices)[0].movedim(pattern.position, 0)]
    }
  }

  /// The number of each example, in the shape of a batched index tensor.
  static func examples(_ size: Int, _ shape: Shape) -> Tensor {
    Tensor.positions(size).reshape([size] + Shape(repeating: 1, count: shape.count - 1))
      .broadcast(to: shape)
  }

  /// x, values of the shape that `Index` gives, and index tensors of one shape. Linear in x and values
  /// together.
  public struct IndexPut: Primitive {
    public static let name = "indexPut"
    let pattern: IndexPattern
    let accumulate: Bool

    init(_ pattern: IndexPattern, accumulate: Bool) {
      self.pattern = pattern
      self.accumulate = accumulate
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0]] }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      var failure: String?
      let result = inputs[0].copied { out in
        failure = write(inputs[1], at: Array(inputs.dropFirst(2)), into: out)
      }
      return [failure.map { misuse("indexPut: \($0)", else: .poison) } ?? result]
    }

    /// Writes into a contiguous array; what was wrong, if an index points outside.
    func write(
      _ values: Value, at indices: [Value], into memory: UnsafeMutableRawPointer
    ) -> String? {
      values.withElements { pv, sv in
        pattern.withList(indices) { list, bad in
          kb_index_put(
            accumulate, values.dtype.code, pattern.source.count, pattern.source, memory, list, pv,
            sv, &bad)
        }
      }
    }

    /// All index tensors; inputs 0 and 1 are not read.
    public var residuals: Residuals {
      Residuals.inputs.subtracting([.input(0), .input(1)])
    }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      let none = [Tensor?](repeating: nil, count: kept.inputCount - 2)
      guard let dz = cotangents[0] else { return [nil, nil] + none }
      let indices = (2..<kept.inputCount).map { kept.input($0) }
      var dx: Tensor?
      if kept.isNeeded[0] {
        let zeros = Tensor.zerosView(pattern.shape(indices[0].shape), dz.dtype)
        dx = accumulate ? dz : bind(self, [dz, zeros] + indices)[0]
      }
      return [dx, kept.isNeeded[1] ? bind(Index(pattern), [dz] + indices)[0] : nil] + none
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      if tangents[0] == nil && tangents[1] == nil { return [nil] }
      let dtype = outputs[0].dtype
      return bind(
        self,
        [
          tangents[0] ?? Tensor.zerosView(pattern.source, dtype),
          tangents[1] ?? Tensor.zerosView(inputs[1].shape, dtype),
        ] + inputs.dropFirst(2)
      ).map { $0 }
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let x = inputs[0].batched(isBatched[0], size)
      let values = inputs[1].batched(isBatched[1], size)
      guard isBatched.dropFirst(2).contains(true) else {
        return bind(
          IndexPut(pattern.batched(size), accumulate: accumulate),
          [x, values] + inputs.dropFirst(2))
      }
      var indices = zip(inputs, isBatched).dropFirst(2).map { $0.batched($1, size) }
      indices.insert(Primitives.examples(size, indices[0].shape), at: 0)
      return bind(
        IndexPut(pattern.indexedBatch(size), accumulate: accumulate),
        [x, values.movedim(0, pattern.position)] + indices)
    }
  }
}

extension Operation {
  static let index = Operation(
    "index", .indexing, primitives: [Primitives.Index.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .integers(-3..<3, [5])) { $0[0].index([$0[1]]) },
      Sample(.uniform(-2...2, [3, 4, 2]), .integers(0..<2, [2, 1]), .integers(0..<3, [2])) {
        $0[0].index([$0[2], nil, $0[1]])
      },
      Sample(.uniform(-2...2, [3, 4, 2]), .integers(0..<2, [2, 2]), .integers(0..<3, [2])) {
        $0[0].index([nil, $0[2], $0[1]])
      },
      Sample(.uniform(-2...2, [3, 4]), .integers(0..<3, [])) { $0[0].index([$0[1]]) },
      Sample(.uniform(-2...2, [2, 2])) { $0[0].index([Tensor([[true, false], [true, true]])]) },
      Sample(.uniform(-2...2, [2, 0]), .integers(0..<2, [3])) { $0[0].index([$0[1]]) },
      Sample(.complex(-2...2, [3]), .integers(0..<3, [4])) { $0[0].index([$0[1]]) },
    ])
  static let indexPut = Operation(
    "indexPut", .indexing, primitives: [Primitives.IndexPut.self],
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .uniform(-2...2, [2, 4])) {
        $0[0].indexPut([Tensor([2, 0])], $0[1])
      },
      Sample(.uniform(-2...2, [3, 4, 2]), .uniform(-2...2, [4]), .integers(0..<2, [3])) {
        $0[0].indexPut([$0[2], nil, $0[2]], $0[1], accumulate: true)
      },
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [2]), .integers(0..<3, [3, 2])) {
        $0[0].indexPut([nil, $0[2]], $0[1], accumulate: true)
      },
      Sample(.uniform(-2...2, [2, 2]), .uniform(-2...2, [])) {
        $0[0].indexPut([Tensor([[true, false], [true, true]])], $0[1])
      },
    ])
  static let take = Operation(
    "take", .indexing,
    samples: [
      Sample(.uniform(-2...2, [3, 4]), .integers(-12..<12, [2, 3])) { $0[0].take($0[1]) },
      Sample(.uniform(-2...2, []), .integers(0..<1, [])) { $0[0].take($0[1]) },
    ])
  static let put = Operation(
    "put", .indexing,
    samples: [
      Sample(.uniform(-2...2, [2, 2]), .uniform(-2...2, [2])) {
        $0[0].put(Tensor([3, -4]), $0[1])
      },
      Sample(.uniform(-2...2, [2, 2]), .integers(0..<4, [3]), .uniform(-2...2, [3])) {
        $0[0].put($0[1], $0[2], accumulate: true)
      },
    ])
}

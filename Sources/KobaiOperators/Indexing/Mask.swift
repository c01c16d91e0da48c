import CKernels
import KobaiTensor

extension Tensor {
  /// A copy with one value, a rank-0 tensor, where the mask is true; shapes broadcast.
  ///
  ///     Tensor([1.0, 2.0]).maskedFill(Tensor([true, false]), 0)   // tensor([0., 2.])
  ///
  /// - Parameters:
  ///   - mask: bool.
  ///   - value: converted to this tensor's dtype.
  public func maskedFill(_ mask: Tensor, _ value: Tensor) -> Tensor {
    guard mask.dtype == .bool else {
      return misuse(
        "maskedFill: only supports boolean masks, but got mask with dtype \(mask.dtype)")
    }
    guard value.rank == 0 else {
      return misuse(
        "maskedFill: only supports a 0-dimensional value tensor, but got tensor with \(value.rank) "
          + "dimension(s).")
    }
    let dtype = dtype
    guard value.fits(dtype) else {
      return misuse("maskedFill: value cannot be converted to type \(dtype) without overflow")
    }
    guard let shape = Operands.broadcastShape("maskedFill", [self.shape, mask.shape]) else {
      return .poison
    }
    return bind(
      Primitives.Where(),
      [
        mask.broadcast(to: shape), value.to(dtype).broadcast(to: shape), broadcast(to: shape),
      ])[0]
  }

  /// A copy with one number where the mask is true.
  public func maskedFill<S: TensorScalar>(_ mask: Tensor, _ value: S) -> Tensor {
    maskedFill(mask, Tensor(weak: value))
  }

  /// Whether a number keeps its size in a dtype, as far as it is known: infinities fit floating types,
  /// small negative numbers wrap in uint8.
  private func fits(_ dtype: DType) -> Bool {
    let source = self.dtype
    if source.isComplex && !dtype.isComplex { return false }
    let own = resolved.value
    guard own.tracer == nil, source != .bool, dtype != .bool, !source.isComplex else { return true }
    let number = Tensor(own.strippedOfMarks).item(as: Double.self)
    if dtype.isDifferentiable {
      return !number.isFinite || Swift.abs(number) <= dtype.greatestFinite
    }
    let lowest = dtype == .uint8 ? -255 : -dtype.greatestFinite - 1
    return number >= lowest && number <= dtype.greatestFinite
  }

  /// The elements where the mask is true, in one dimension; shapes broadcast.
  ///
  ///     Tensor([1, 2, 3]).maskedSelect(Tensor([true, false, true]))   // tensor([1, 3])
  ///
  /// The result's shape depends on the mask's elements: not inside vmap over the mask, nor in a trace.
  public func maskedSelect(_ mask: Tensor) -> Tensor {
    guard mask.dtype == .bool else {
      return misuse("maskedSelect: expected BoolTensor for mask, but its dtype is \(mask.dtype)")
    }
    guard let shape = Operands.broadcastShape("maskedSelect", [self.shape, mask.shape]) else {
      return .poison
    }
    let all = mask.broadcast(to: shape)
    guard Operands.takesRank("maskedSelect", shape.count),
      let value = all.hostValue("maskedSelect")
    else { return .poison }
    let count = value.withElements { pointer, strides in
      kb_count_nonzero(DType.bool.code, shape.count, shape, pointer, strides)
    }
    return bind(
      Primitives.Compress(count: Int(count), examples: 1), broadcast(to: shape).flatten(),
      all.flatten())
  }

  /// A copy whose elements are replaced, where the mask is true, by those of `source`, one after the other.
  ///
  ///     Tensor([0, 0, 0]).maskedScatter(Tensor([true, false, true]), Tensor([7, 8]))   // tensor([7, 0, 8])
  ///
  /// - Parameter source: of this tensor's dtype, with at least as many elements as the mask has true ones.
  public func maskedScatter(_ mask: Tensor, _ source: Tensor) -> Tensor {
    guard mask.dtype == .bool else {
      return misuse(
        "maskedScatter: only supports boolean masks (masked_scatter_ only supports boolean masks), "
          + "but got mask with dtype \(mask.dtype)")
    }
    guard source.dtype == dtype else {
      return misuse(
        "maskedScatter: expected self and source to have same dtypes but got \(dtype) and "
          + "\(source.dtype)")
    }
    guard let shape = Operands.broadcastShape("maskedScatter", [self.shape, mask.shape]) else {
      return .poison
    }
    return bind(
      Primitives.MaskedScatter(examples: 1),
      [
        broadcast(to: shape).flatten(), mask.broadcast(to: shape).flatten(), source.flatten(),
      ])[0].reshape(shape)
  }
}

extension Value {
  /// A number in its own dtype.
  fileprivate var strippedOfMarks: Value { Value(body: body, bits: bits, meta: Meta(dtype)) }
}

extension Primitives {
  /// The elements of x where the mask is true, then zeros up to `count`, for each of several examples of
  /// one length. Linear in x.
  public struct Compress: SelectionPrimitive {
    public static let name = "maskedSelect"
    let count: Int
    let examples: Int

    public func infer(_ x: TensorType, _ mask: TensorType) -> TensorType {
      TensorType(x.dtype, x.shape.dropLast() + [count])
    }

    public func evaluate(_ x: Value, _ mask: Value) -> Value {
      let length = x.shape[x.shape.count - 1]
      let size = x.dtype.size
      let (dense, flags) = (x.contiguous, mask.contiguous)
      return dense.withElements { px, _ in
        flags.withElements { pm, _ in
          Value.make(x.dtype, x.shape.dropLast() + [count]) { out in
            for i in 0..<examples {
              let own = (pm + i * length).assumingMemoryBound(to: Bool.self)
              let to = out + i * count * size
              let selected = kb_masked_select(
                size, 1, [length], px + i * length * size, nil, own, nil, count, to)
              let filled = min(selected, count) * size
              (to + filled).initializeMemory(
                as: UInt8.self, repeating: 0, count: count * size - filled)
            }
          }
        }
      }
    }

    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ mask: Tensor, _ z: Tensor) -> Tensor? {
      bind(
        MaskedScatter(examples: examples), [Tensor.zerosView(mask.shape, dz.dtype), mask, dz])[0]
    }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let all = zip(inputs, isBatched).map { $0.batched($1, size) }
      return [bind(Compress(count: count, examples: examples * size), all[0], all[1])]
    }
  }

  /// x with the places where the mask is true filled from a source, for each of several examples of one
  /// length. Linear in x and source together.
  public struct MaskedScatter: Primitive {
    public static let name = "maskedScatter"
    let examples: Int

    public func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0]] }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let (x, mask, source) = (inputs[0], inputs[1].contiguous, inputs[2].contiguous)
      let length = x.shape[x.shape.count - 1]
      let count = source.shape[source.shape.count - 1]
      let size = x.dtype.size
      var status: kb_status = 0
      let result = x.withElements { px, strides in
        mask.withElements { pm, _ in
          source.withElements { ps, _ in
            Value.make(x.dtype, x.shape) { out in
              kb_copy(size, x.shape.count, x.shape, px, strides, out, nil)
              for i in 0..<examples where status == 0 {
                status = kb_masked_scatter(
                  size, 1, [length], nil, nil,
                  (pm + i * length).assumingMemoryBound(to: Bool.self), nil,
                  ps + i * count * size, count, out + i * length * size)
              }
            }
          }
        }
      }
      guard status == 0 else {
        return [
          misuse(
            "maskedScatter: Number of elements of source < number of ones in mask; source has "
              + "\(count)", else: .poison)
        ]
      }
      return [result]
    }

    public var residuals: Residuals { [.input(1), .input(2)] }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dz = cotangents[0] else { return [nil, nil, nil] }
      let mask = kept.input(1)
      return [
        kept.isNeeded[0] ? dz.maskedFill(mask, 0) : nil, nil,
        kept.isNeeded[2]
          ? bind(Compress(count: kept.input(2).shape.last ?? 0, examples: examples), dz, mask)
          : nil,
      ]
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      if tangents[0] == nil && tangents[2] == nil { return [nil] }
      let dtype = outputs[0].dtype
      return bind(
        self,
        [
          tangents[0] ?? Tensor.zerosView(inputs[0].shape, dtype), inputs[1],
          tangents[2] ?? Tensor.zerosView(inputs[2].shape, dtype),
        ]
      ).map { $0 }
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(
        MaskedScatter(examples: examples * size),
        zip(inputs, isBatched).map { $0.batched($1, size) })
    }
  }
}

extension Operation {
  static let maskedFill = Operation(
    "maskedFill", .indexing,
    samples: [
      Sample(.uniform(), .bools()) { $0[0].maskedFill($0[1], 2.5) },
      Sample(.uniform(), .bools([3]), .uniform(-2...2, [])) { $0[0].maskedFill($0[1], $0[2]) },
      Sample(.uniform(-2...2, [3]), .bools()) { $0[0].maskedFill($0[1], -1e3) },
      Sample(.uniform(-2...2, []), .bools([])) { $0[0].maskedFill($0[1], 0) },
    ])
  static let maskedSelect = Operation(
    "maskedSelect", .indexing, primitives: [Primitives.Compress.self],
    samples: [
      Sample(.uniform()) {
        $0[0].maskedSelect(Tensor([[true, false, true], [true, false, false]]))
      },
      Sample(.uniform()) { $0[0].maskedSelect(Tensor([true, false, true])) },
      Sample(.uniform(-2...2, [])) { $0[0].maskedSelect(Tensor([true, true])) },
    ])
  static let maskedScatter = Operation(
    "maskedScatter", .indexing, primitives: [Primitives.MaskedScatter.self],
    samples: [
      Sample(.uniform(), .bools(), .uniform(-2...2, [3, 4])) {
        $0[0].maskedScatter($0[1], $0[2])
      },
      Sample(.uniform(), .bools([3]), .uniform(-2...2, [6])) {
        $0[0].maskedScatter($0[1], $0[2])
      },
    ])
}

import CKernels
import KobaiTensor

extension Tensor {
  /// Disjoint regular parts, as views; their gradient is put together in one pass.
  func parts(_ regions: [Region]) -> [Tensor] {
    let now = current
    // Without a derivative to come there is nothing to put together.
    if regions.count < 2 || (now.node == nil && now.value.meta.isPlain) {
      return regions.map { part($0) }
    }
    // The gradient lies in memory as this tensor does: what a permutation showed goes back in one piece.
    let order =
      now.value.meta.isPlain
      ? MemoryOrder(denseLike: now.value.layout) : MemoryOrder(rank: regions[0].source.count)
    return bind(Primitives.Parts(regions, order), [now])
  }
}

extension Primitives {
  /// Disjoint parts of an array, as views.
  public struct Parts: Primitive {
    public static let name = "parts"
    public static let gradientName = "SplitBackward0"
    let regions: [Region]
    /// In which the gradient lies.
    let order: MemoryOrder

    init(_ regions: [Region], _ order: MemoryOrder) {
      self.regions = regions
      self.order = order
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      regions.map { TensorType(inputs[0].dtype, $0.shape) }
    }
    public func evaluate(_ inputs: [Value]) -> [Value] {
      regions.map { Slice($0).evaluate(inputs[0]) }
    }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      .views(
        regions.map { region in
          let (strides, offset) = region.place(in: inputs[0].layout.strides)
          return (Layout(shape: region.shape, strides: strides), offset)
        })
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      [JoinedParts.join(regions, order, cotangents)]
    }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      tangents[0].map { bind(self, [$0]) } ?? outputs.map { _ in nil }
    }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(Parts(regions.map { $0.batched(size) }, order.batched), inputs)
    }
  }

  /// Zeros with disjoint parts written: the adjoint of taking them.
  public struct JoinedParts: Primitive {
    public static let name = "joinedParts"
    let regions: [Region]
    let order: MemoryOrder

    /// nil stands for zeros.
    static func join(_ regions: [Region], _ order: MemoryOrder, _ parts: [Tensor?]) -> Tensor? {
      let given = zip(regions, parts).filter { $1 != nil }.map { $0.0 }
      return given.isEmpty
        ? nil : bind(JoinedParts(regions: given, order: order), parts.compactMap { $0 })[0]
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(inputs[0].dtype, regions[0].source)]
    }
    /// The same elements, lying as if their dimensions had been permuted: as the gradient of parts of such a
    /// permutation lies that is not traced.
    package func lying(asPermutedBy dims: [Int]) -> JoinedParts {
      let source = regions[0].source
      let whole = Layout(contiguous: dims.indices.map { source[dims.firstIndex(of: $0) ?? 0] })
      let permuted = Layout(shape: source, strides: dims.map { whole.strides[$0] })
      return JoinedParts(regions: regions, order: MemoryOrder(denseLike: permuted))
    }

    package func isJoining(_ parts: Parts) -> Bool { parts.regions == regions }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let source = regions[0].source
      let layout = Layout(contiguous: order.dims.map { source[$0] })
      let strides = order.inverse.map { layout.strides[$0] }
      let dtype = inputs[0].dtype
      let isCovered = inputs.reduce(0) { $0 + $1.count } == layout.count
      let value = Value.make(dtype, layout) { out in
        if !isCovered {
          out.initializeMemory(as: UInt8.self, repeating: 0, count: layout.count * dtype.size)
        }
        for (region, input) in zip(regions, inputs) {
          region.write(input, into: out, strides: strides)
        }
      }
      return [order.apply(value)]
    }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      let (whole, size) = (outputs[0].layout, outputs[0].dtype.size)
      let parts = zip(regions, inputs).map { region, input in
        let (steps, offset) = region.place(in: whole.strides)
        // The strides as sizes of a layout.
        return (
          StridedLayout(input.layout), StridedLayout(Layout(shape: steps, strides: steps)),
          offset * size
        )
      }
      let (count, bytes) = (inputs.count, whole.count * size)
      let isCovered = inputs.reduce(0) { $0 + $1.layout.count } == whole.count
      return .kernel(mayReplace: []) { memory in
        let out = memory[count]
        if !isCovered { out.initializeMemory(as: UInt8.self, repeating: 0, count: bytes) }
        for i in 0..<count where parts[i].0.count > 0 {
          let (part, steps, offset) = parts[i]
          kb_copy(
            size, part.rank, part.sizes, memory[i], part.strides, out + offset, steps.sizes)
        }
        return true
      }
    }
    public var residuals: Residuals { .none }
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      cotangents[0].map { bind(Parts(regions, order), [$0]) } ?? regions.map { _ in nil }
    }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      [Self.join(regions, order, tangents)]
    }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let all = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
      let batched = JoinedParts(regions: regions.map { $0.batched(size) }, order: order.batched)
      return bind(batched, all)
    }
  }
}

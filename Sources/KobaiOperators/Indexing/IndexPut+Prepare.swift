import CKernels
import KobaiTensor

extension Primitives.Index {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous,
      let list = PreparedIndices(pattern, Array(inputs.dropFirst()))
    else { return nil }
    let (x, size) = (StridedLayout(inputs[0].layout), inputs[0].dtype.size)
    let result = inputs.count
    return .kernel(mayReplace: []) { memory in
      var bad: Int64 = 0
      return list.withList(memory + 1) {
        kb_index(size, x.rank, x.sizes, memory[0], x.strides, $0, memory[result], &bad)
      } == 0
    }
  }
}

extension Primitives.IndexPut {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous,
      let list = PreparedIndices(pattern, Array(inputs.dropFirst(2)))
    else { return nil }
    let (dtype, size, accumulate) = (inputs[0].dtype.code, inputs[0].dtype.size, accumulate)
    let (x, values) = (StridedLayout(inputs[0].layout), StridedLayout(inputs[1].layout))
    let result = inputs.count
    // Not in the memory of an input: the values may be the same value as the first.
    return .kernel(mayReplace: []) { memory in
      kb_copy(size, x.rank, x.sizes, memory[0], x.strides, memory[result], nil)
      var bad: Int64 = 0
      return list.withList(memory + 2) {
        kb_index_put(
          accumulate, dtype, x.rank, x.sizes, memory[result], $0, memory[1], values.strides, &bad)
      } == 0
    }
  }
}

/// The index tensors of a pattern, ready but for their addresses.
///
/// `@unchecked Sendable`: used by one thread at a time.
private final class PreparedIndices: @unchecked Sendable {
  private let layouts: [StridedLayout]
  /// The dimensions of the array that have one, and for each of all dimensions an address and strides.
  private let indexed: [Int]
  private let addresses: UnsafeMutablePointer<UnsafePointer<Int64>?>
  private let strides: UnsafeMutablePointer<UnsafePointer<Int>?>
  private let position: Int

  /// Nil if an index is not int64.
  init?(_ pattern: IndexPattern, _ indices: [StridedType]) {
    guard !indices.isEmpty, indices.allSatisfy({ $0.dtype == .int64 }) else { return nil }
    layouts = indices.map { StridedLayout($0.layout) }
    indexed = pattern.source.indices.filter { pattern.isIndexed[$0] }
    position = pattern.position
    addresses = .allocate(capacity: pattern.source.count)
    strides = .allocate(capacity: pattern.source.count)
    addresses.initialize(repeating: nil, count: pattern.source.count)
    strides.initialize(repeating: nil, count: pattern.source.count)
    for (d, layout) in zip(indexed, layouts) { strides[d] = layout.strides }
  }

  deinit {
    addresses.deallocate()
    strides.deallocate()
  }

  func withList(
    _ memory: Prepared.Memory, _ kernel: (UnsafePointer<kb_index_list>) -> kb_status
  ) -> kb_status {
    for (i, d) in indexed.enumerated() {
      addresses[d] = UnsafePointer(memory[i].assumingMemoryBound(to: Int64.self))
    }
    var list = kb_index_list(
      rank: layouts[0].rank, dims: layouts[0].sizes, indices: addresses, strides: strides,
      position: position)
    return kernel(&list)
  }
}

import CKernels
import KobaiTensor

/// Which dimensions of an array are indexed by tensors, and where the tensors' common shape stands in
/// the result.
struct IndexPattern: Hashable, Sendable {
  /// The shape of the array.
  var source: Shape
  /// Whether each dimension is indexed; the others are taken whole.
  var isIndexed: [Bool]
  /// How many whole dimensions come before the common shape in the result.
  var position: Int

  private var whole: [Int] { source.indices.filter { !isIndexed[$0] }.map { source[$0] } }

  /// The result's shape when the index tensors have the common shape `common`.
  func shape(_ common: Shape) -> Shape { whole[..<position] + common + whole[position...] }

  /// One more whole dimension in front.
  func batched(_ size: Int) -> IndexPattern {
    IndexPattern(source: [size] + source, isIndexed: [false] + isIndexed, position: position + 1)
  }

  /// One more dimension in front, indexed like the others.
  func indexedBatch(_ size: Int) -> IndexPattern {
    IndexPattern(source: [size] + source, isIndexed: [true] + isIndexed, position: position)
  }

  /// Calls a kernel with the index tensors; on failure finds out which of them points outside.
  func withList(
    _ indices: [Value], _ kernel: (UnsafePointer<kb_index_list>, inout Int64) -> kb_status
  ) -> String? {
    let common = indices.first?.shape ?? []
    var bad: Int64 = 0
    var status: kb_status = 0
    var pointers: [UnsafePointer<Int64>?] = []
    var strides: [UnsafePointer<Int>?] = []
    func next(_ d: Int, _ used: Int) {
      guard d < source.count else {
        common.withUnsafeBufferPointer { dims in
          pointers.withUnsafeBufferPointer { p in
            strides.withUnsafeBufferPointer { s in
              var list = kb_index_list(
                rank: common.count, dims: dims.baseAddress, indices: p.baseAddress,
                strides: s.baseAddress, position: position)
              status = kernel(&list, &bad)
            }
          }
        }
        return
      }
      guard isIndexed[d] else {
        pointers.append(nil)
        strides.append(nil)
        return next(d + 1, used)
      }
      indices[used].withIndices {
        pointers.append($0)
        strides.append($1)
        next(d + 1, used + 1)
      }
    }
    next(0, 0)
    return status == 0 ? nil : outOfRange(indices, bad)
  }

  private func outOfRange(_ indices: [Value], _ bad: Int64) -> String {
    let dims = source.indices.filter { isIndexed[$0] }
    for (d, index) in zip(dims, indices) {
      let size = source[d]
      if let i = Tensor(index).array(as: Int.self).first(where: { $0 < -size || $0 >= size }) {
        return "index \(i) is out of bounds for dimension \(d) with size \(size)"
      }
    }
    return "index \(bad) is out of bounds"
  }
}

/// A pattern with its index tensors, which have one shape and dtype int64.
struct IndexPlan {
  var pattern: IndexPattern
  var indices: [Tensor]

  var shape: Shape { pattern.shape(indices.first?.shape ?? []) }

  /// From what users give: nil for a dimension taken whole, int64, int32, and bool or uint8 masks that
  /// stand for as many dimensions as they have. Nil after a misuse.
  static func make(_ name: String, _ x: Shape, _ given: [Tensor?]) -> IndexPlan? {
    var indexed: [Tensor?] = []
    for tensor in given {
      guard let tensor else {
        indexed.append(nil)
        continue
      }
      switch tensor.dtype {
      case .bool, .uint8:
        guard let coordinates = expand(name, tensor, at: indexed.count, x) else { return nil }
        indexed += coordinates
      case .int64, .int32:
        indexed.append(tensor.to(.int64))
      default:
        return misuse(
          "\(name): tensors used as indices must be long, int, byte or bool tensors, but one has "
            + "dtype \(tensor.dtype)", else: nil)
      }
    }
    guard indexed.count <= x.count else {
      return misuse(
        "\(name): too many indices for tensor of dimension \(x.count) (got \(indexed.count))",
        else: nil)
    }
    indexed += Array(repeating: nil, count: x.count - indexed.count)
    let tensors = indexed.compactMap { $0 }
    let shapes = tensors.map(\.shape)
    let rank = x.count + (shapes.map(\.count).max() ?? 0)
    guard tensors.isEmpty || Operands.takesRank(name, rank) else { return nil }
    guard let common = commonShape(shapes) else {
      return misuse(
        "\(name): shape mismatch: indexing tensors could not be broadcast together with shapes "
          + shapes.map { "\($0)" }.joined(separator: ", "), else: nil)
    }
    let isIndexed = indexed.map { $0 != nil }
    let first = isIndexed.firstIndex(of: true) ?? 0
    let last = isIndexed.lastIndex(of: true) ?? 0
    // Neighbours are replaced where they stand; indices with gaps between them move to the front.
    let areNeighbours = isIndexed[first..<min(last + 1, isIndexed.count)].allSatisfy { $0 }
    return IndexPlan(
      pattern: IndexPattern(
        source: x, isIndexed: isIndexed, position: areNeighbours ? first : 0),
      indices: tensors.map { $0.broadcast(to: common) })
  }

  /// A mask as one index vector for each of its dimensions.
  private static func expand(
    _ name: String, _ mask: Tensor, at dim: Int, _ x: Shape
  ) -> [Tensor]? {
    let shape = mask.shape
    guard dim + shape.count <= x.count else {
      return misuse(
        "\(name): too many indices for tensor of dimension \(x.count) "
          + "(got \(dim + shape.count))", else: nil)
    }
    guard Array(x[dim..<(dim + shape.count)]) == shape else {
      let i = zip(shape, x[dim...]).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
      return misuse(
        "\(name): The shape of the mask \(shape) at index \(i) does not match the shape of the "
          + "indexed tensor \(x) at index \(dim + i)", else: nil)
    }
    guard mask.hostValue(name) != nil else { return nil }
    return mask.nonzero().unbind(dim: 1)
  }

  private static func commonShape(_ shapes: [Shape]) -> Shape? {
    var result: Shape = []
    for shape in shapes {
      if shape.count > result.count {
        result = Shape(repeating: 1, count: shape.count - result.count) + result
      }
      let offset = result.count - shape.count
      for (i, size) in shape.enumerated() where size != 1 && size != result[offset + i] {
        guard result[offset + i] == 1 else { return nil }
        result[offset + i] = size
      }
    }
    return result
  }
}

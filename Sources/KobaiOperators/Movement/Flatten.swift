import KobaiTensor

extension Tensor {
  /// Neighbouring dimensions joined to one. A view where the strides allow it; rank 0 gives shape [1].
  ///
  ///     Tensor.zeros([2, 3, 4]).flatten(startDim: 1).shape   // [2, 12]
  public func flatten(startDim: Int = 0, endDim: Int = -1) -> Tensor {
    let shape = shape
    guard let start = Operands.dimension("flatten", startDim, rank: shape.count),
      let end = Operands.dimension("flatten", endDim, rank: shape.count)
    else { return .poison }
    guard start <= end else {
      return misuse(
        "flatten: flatten() has invalid args: start_dim cannot come after end_dim "
          + "(\(start) > \(end))")
    }
    if shape.isEmpty { return reshape([1]) }
    if start == end { return self }
    return reshape(
      shape[..<start] + [Array(shape[start...end]).elementCount] + shape[(end + 1)...])
  }

  /// All elements in one dimension.
  public func ravel() -> Tensor { flatten() }

  /// One dimension divided into several; one size may be −1.
  ///
  ///     Tensor.zeros([2, 12]).unflatten(dim: 1, sizes: [3, -1]).shape   // [2, 3, 4]
  public func unflatten(dim: Int, sizes: [Int]) -> Tensor {
    let shape = shape
    guard let d = Operands.dimension("unflatten", dim, rank: shape.count) else { return .poison }
    guard !shape.isEmpty else {
      return misuse("unflatten: expects a tensor with at least one dimension")
    }
    guard !sizes.isEmpty else { return misuse("unflatten: sizes must be non-empty") }
    let known = sizes.filter { $0 != -1 }.elementCount
    let unknown = sizes.filter { $0 == -1 }.count
    guard unknown <= 1 else {
      return misuse("unflatten: only one dimension can be inferred, but the sizes are \(sizes)")
    }
    guard sizes.allSatisfy({ $0 >= -1 }),
      unknown == 0 ? known == shape[d] : known != 0 && shape[d] % known == 0
    else {
      return misuse(
        "unflatten: Provided sizes \(sizes) don't multiply up to the size of dim \(d) "
          + "(\(shape[d])) in the input tensor")
    }
    let resolved = sizes.map { $0 == -1 ? shape[d] / known : $0 }
    return reshape(shape[..<d] + resolved + shape[(d + 1)...])
  }
}

extension Operation {
  static let flatten = Operation(
    "flatten", .movement,
    samples: [
      Sample(.uniform(-2...2, [2, 3, 2])) { $0[0].flatten() },
      Sample(.uniform(-2...2, [2, 3, 2])) { $0[0].flatten(startDim: -2, endDim: 2) },
      Sample(.uniform(-2...2, [])) { $0[0].flatten() },
      Sample(.uniform(-2...2, [2, 0])) { $0[0].ravel() },
    ])
  static let unflatten = Operation(
    "unflatten", .movement,
    samples: [
      Sample(.uniform(-2...2, [2, 6])) { $0[0].unflatten(dim: 1, sizes: [3, -1]) },
      Sample(.uniform(-2...2, [4])) { $0[0].unflatten(dim: -1, sizes: [1, 2, 2]) },
    ])
}

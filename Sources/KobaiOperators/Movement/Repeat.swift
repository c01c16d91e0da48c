import KobaiTensor

extension Tensor {
  /// The tensor tiled: `sizes[i]` copies along each dimension; further sizes in front add dimensions.
  ///
  ///     Tensor([1, 2]).repeat(2, 2)   // tensor([[1, 2, 1, 2], [1, 2, 1, 2]])
  public func `repeat`(_ sizes: [Int]) -> Tensor {
    let own = shape
    guard sizes.count >= own.count else {
      return misuse(
        "repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions "
          + "of tensor: \(sizes.count) sizes for the shape \(own)")
    }
    guard sizes.allSatisfy({ $0 >= 0 }) else {
      return misuse(
        "repeat: Trying to create tensor with negative dimension; the sizes are \(sizes)")
    }
    let padded = Shape(repeating: 1, count: sizes.count - own.count) + own
    var (ones, interleaved): (Shape, Shape) = ([], [])
    for (times, size) in zip(sizes, padded) {
      ones += [1, size]
      interleaved += [times, size]
    }
    return reshape(ones).broadcast(to: interleaved)
      .reshape(zip(sizes, padded).map { [$0, $1].elementCount })
  }

  /// The same: `x.repeat(2, 1)`.
  public func `repeat`(_ sizes: Int...) -> Tensor { self.repeat(sizes) }
  /// `repeat` under a name that is no keyword.
  public func repeated(_ sizes: [Int]) -> Tensor { self.repeat(sizes) }
  /// The same: `x.repeated(2, 1)`.
  public func repeated(_ sizes: Int...) -> Tensor { self.repeat(sizes) }

  /// Like `repeat`, with missing sizes in front taken as 1.
  ///
  ///     Tensor([[1], [2]]).tile(2)   // tensor([[1, 1], [2, 2]])
  public func tile(_ sizes: [Int]) -> Tensor {
    self.repeat(Shape(repeating: 1, count: Swift.max(0, rank - sizes.count)) + sizes)
  }

  public func tile(_ sizes: Int...) -> Tensor { tile(sizes) }

  /// Each element repeated in place, along a dimension, or along the flattened tensor without one.
  ///
  ///     Tensor([[1, 2], [3, 4]]).repeatInterleave(2, dim: 1)   // tensor([[1, 1, 2, 2], [3, 3, 4, 4]])
  public func repeatInterleave(_ repeats: Int, dim: Int? = nil) -> Tensor {
    guard repeats >= 0 else {
      return misuse("repeatInterleave: Repeats must be non-negative, but are \(repeats)")
    }
    guard let dim else { return flatten().repeatInterleave(repeats, dim: 0) }
    let x = atLeast1d()
    var shape = x.shape
    guard let d = Operands.dimension("repeatInterleave", dim, rank: shape.count), !x.isPoisoned
    else { return .poison }
    var expanded = shape
    expanded.insert(repeats, at: d + 1)
    shape[d] = [shape[d], repeats].elementCount
    return x.unsqueeze(d + 1).broadcast(to: expanded).reshape(shape)
  }

  /// Each index along a dimension repeated as often as `repeats` says there.
  ///
  ///     Tensor([1, 2]).repeatInterleave(Tensor([3, 1]))   // tensor([1, 1, 1, 2])
  ///
  /// - Parameters:
  ///   - repeats: int64 or int32, of shape [size of the dimension], [1] or [].
  ///   - outputSize: the sum of `repeats`, where it is known; checked.
  public func repeatInterleave(
    _ repeats: Tensor, dim: Int? = nil, outputSize: Int? = nil
  ) -> Tensor {
    guard let dim else {
      return flatten().repeatInterleave(repeats, dim: 0, outputSize: outputSize)
    }
    let x = atLeast1d()
    guard let d = Operands.dimension("repeatInterleave", dim, rank: x.rank), !x.isPoisoned else {
      return .poison
    }
    guard repeats.dtype == .int64 || repeats.dtype == .int32 else {
      return misuse(
        "repeatInterleave: repeats has to be Long or Int tensor, but its dtype is \(repeats.dtype)")
    }
    guard repeats.rank <= 1 else {
      return misuse(
        "repeatInterleave: repeats must be 0-dim or 1-dim tensor, but its shape is "
          + "\(repeats.shape)")
    }
    guard repeats.hostValue("repeatInterleave") != nil else { return .poison }
    var times = repeats.array(as: Int.self)
    let size = x.shape[d]
    if times.count == 1 && size != 1 { times = Array(repeating: times[0], count: size) }
    guard times.count == size else {
      return misuse(
        "repeatInterleave: repeats must have the same size as input along dim, but got "
          + "repeats.size(0) = \(times.count) and input.size(\(d)) = \(size)")
    }
    guard times.allSatisfy({ $0 >= 0 }) else {
      return misuse("repeatInterleave: repeats can not be negative, but are \(times)")
    }
    let total = times.reduce(0) { sum, count in
      let (next, isTooLarge) = sum.addingReportingOverflow(count)
      return isTooLarge ? .max : next
    }
    guard outputSize == nil || outputSize == total else {
      return misuse(
        "repeatInterleave: allocated size does not match required size: outputSize is "
          + "\(outputSize ?? 0), the repeats add up to \(total)")
    }
    let index = Value.make(.int64, [total]) { out in
      var next = out.assumingMemoryBound(to: Int64.self)
      for (i, count) in times.enumerated() {
        next.update(repeating: Int64(i), count: count)
        next += count
      }
    }
    return x.indexSelect(dim: d, index: Tensor(index))
  }
}

extension Operation {
  static let `repeat` = Operation(
    "repeat", .movement,
    samples: [
      Sample(.uniform()) { $0[0].repeat(2, 1) },
      Sample(.uniform(-2...2, [3])) { $0[0].repeated(2, 2) },
      Sample(.uniform(-2...2, [])) { $0[0].repeat([3]) },
      Sample(.uniform()) { $0[0].repeat(0, 2) },
      Sample(.uniform()) { $0[0].tile(2) },
      Sample(.uniform(-2...2, [3])) { $0[0].tile(2, 2) },
    ])
  static let repeatInterleave = Operation(
    "repeatInterleave", .movement,
    samples: [
      Sample(.uniform()) { $0[0].repeatInterleave(2) },
      Sample(.uniform()) { $0[0].repeatInterleave(2, dim: -1) },
      Sample(.uniform(-2...2, [])) { $0[0].repeatInterleave(2) },
      Sample(.uniform()) { $0[0].repeatInterleave(Tensor([1, 0, 2]), dim: 1) },
      Sample(.uniform()) { $0[0].repeatInterleave(Tensor([2]), dim: 0) },
    ])
}

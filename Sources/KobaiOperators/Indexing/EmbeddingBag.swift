import KobaiTensor

/// What `embeddingBag` makes of the rows of a bag.
public enum BagReduction: String, Sendable, CaseIterable {
  case sum, mean, max
}

extension Tensor {
  /// Rows of a table summed, averaged or their largest elements taken, bag by bag.
  ///
  ///     let table = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
  ///     Tensor([0, 1, 2]).embeddingBag(table, offsets: [0, 2], mode: .sum)   // tensor([[4., 6.], [5., 6.]])
  ///
  /// The tensor holds indices: [bags, count], or all bags after one another, [n], with `offsets`.
  ///
  /// - Parameters:
  ///   - weight: the table [rows, size].
  ///   - offsets: where each bag begins; the first is 0.
  ///   - perSampleWeights: of the indices' shape, a factor for each row; for sums only.
  ///   - includeLastOffset: whether the last offset is the end of the last bag.
  ///   - paddingIdx: a row that no bag counts.
  /// - Returns: [bags, size], zeros for an empty bag.
  public func embeddingBag(
    _ weight: Tensor, offsets: [Int]? = nil, mode: BagReduction = .mean,
    perSampleWeights: Tensor? = nil, maxNorm: Double? = nil, normType: Double = 2,
    scaleGradByFreq: Bool = false, includeLastOffset: Bool = false, paddingIdx: Int? = nil
  ) -> Tensor {
    let name = "embeddingBag"
    guard weight.rank == 2, rank == 1 || rank == 2, (rank == 1) == (offsets != nil) else {
      return misuse(
        "\(name): the input has to be a 2D tensor without offsets, or a 1D tensor with them, and weight "
          + "2D, but their shapes are \(shape) and \(weight.shape) with "
          + "\(offsets == nil ? "no offsets" : "offsets")")
    }
    guard perSampleWeights == nil || mode == .sum && perSampleWeights?.shape == shape else {
      return misuse(
        "\(name): per_sample_weights is only supported for mode='sum' and must have the same shape as the "
          + "input, \(shape), but mode is '\(mode.rawValue)' and its shape is "
          + "\(perSampleWeights?.shape ?? [])")
    }
    guard mode != .max || !scaleGradByFreq else {
      return misuse(
        "\(name): max mode does not support scaling the gradient by the frequency; leave out "
          + "scaleGradByFreq, or use mode .sum or .mean")
    }
    guard let bounds = bagBounds(name, offsets, includeLastOffset) else { return .poison }
    let padding = paddingIdx.map { $0 < 0 ? $0 + weight.size(0) : $0 }
    var rows = reshape([-1]).embedding(
      weight, paddingIdx: padding, maxNorm: maxNorm, normType: normType,
      scaleGradByFreq: scaleGradByFreq)
    let isCounted = padding.map { ne($0).reshape([-1]) }
    if mode == .max {
      return .largest(of: rows, bounds, isCounted?.array(as: Bool.self))
    }
    if let perSampleWeights { rows = rows * perSampleWeights.reshape([-1, 1]) }
    if let isCounted { rows = rows.maskedFill(isCounted.logicalNot().unsqueeze(1), 0) }
    let bags = bounds.count - 1
    let bag = (0..<bags).flatMap { Array(repeating: $0, count: bounds[$0 + 1] - bounds[$0]) }
    let index = Tensor(bag, shape: [bag.count], dtype: .int64)
    let sums = Tensor.zeros([bags, weight.size(1)], dtype: rows.dtype)
      .indexAdd(dim: 0, index: index, source: rows)
    guard mode == .mean else { return sums }
    let each = isCounted?.to(.int64) ?? Tensor.ones([bag.count], dtype: .int64)
    let counts = Tensor.zeros([bags], dtype: .int64).indexAdd(dim: 0, index: index, source: each)
    return sums / counts.clampMin(1).unsqueeze(1).to(rows.dtype)
  }

  /// Where the bags begin, and where the last one ends; nil after a misuse.
  private func bagBounds(_ name: String, _ offsets: [Int]?, _ includeLastOffset: Bool) -> [Int]? {
    guard let offsets else { return (0...size(0)).map { $0 * size(1) } }
    let bounds = includeLastOffset ? offsets : offsets + [count]
    guard bounds.first == 0 || bounds.count < 2 && !includeLastOffset,
      zip(bounds, bounds.dropFirst()).allSatisfy(<=), bounds.allSatisfy({ $0 <= count })
    else {
      return misuse(
        "\(name): offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
          + "position 0, and offsets must increase up to the number of indices, \(count), but they are "
          + "\(offsets)", else: nil)
    }
    return bounds
  }

  private static func largest(of rows: Tensor, _ bounds: [Int], _ isCounted: [Bool]?) -> Tensor {
    let bags = zip(bounds, bounds.dropFirst()).map { start, end in
      let places = (start..<end).filter { isCounted?[$0] ?? true }
      guard !places.isEmpty else { return Tensor.zeros([rows.size(1)], dtype: rows.dtype) }
      let index = Tensor(places, shape: [places.count], dtype: .int64)
      return rows.indexSelect(dim: 0, index: index).max(dim: 0).values
    }
    return bags.isEmpty ? Tensor.zeros([0, rows.size(1)], dtype: rows.dtype) : .stack(bags)
  }
}

extension Operation {
  static let embeddingBag = Operation(
    "embeddingBag", .indexing,
    samples: [
      Sample(.uniform(-2...2, [4, 2])) {
        Tensor([[0, 3], [1, 1]]).embeddingBag($0[0], paddingIdx: 3)
      },
      Sample(.uniform(-2...2, [4, 2]), .uniform(-2...2, [3])) {
        Tensor([0, 3, 1]).embeddingBag(
          $0[0], offsets: [0, 2], mode: .sum, perSampleWeights: $0[1])
      },
      Sample(.distinct([4, 2])) {
        Tensor([0, 3, 1]).embeddingBag($0[0], offsets: [0, 1, 1], mode: .max)
      },
    ])
}

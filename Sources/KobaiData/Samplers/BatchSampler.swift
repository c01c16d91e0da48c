import KobaiTensor

/// The numbers of another sampler in lists of `batchSize`.
///
///     BatchSampler(SequentialSampler(count: 5), batchSize: 2).order()   // [[0, 1], [2, 3], [4]]
public struct BatchSampler<Base: Sampler>: Sampler where Base.Element == Int {
  /// Whose numbers are put into lists.
  public let base: Base
  /// The length of a list.
  public let batchSize: Int
  /// Whether a last list that is shorter is left out.
  public let dropLast: Bool

  /// - Parameter dropLast: leave out a last list that is shorter than `batchSize`.
  public init(_ base: Base, batchSize: Int, dropLast: Bool = false) {
    self.base = base
    self.dropLast = dropLast
    guard batchSize > 0 else {
      self.batchSize = misuse(
        "BatchSampler: batch_size should be a positive integer value, but got "
          + "batch_size=\(batchSize)", else: 1)
      return
    }
    self.batchSize = batchSize
  }

  public var count: Int { (base.count + (dropLast ? 0 : batchSize - 1)) / batchSize }
  public var generator: Generator? { base.generator }

  public func makeIterator() -> some IteratorProtocol<[Int]> {
    var numbers = base.makeIterator()
    return AnyIterator { () -> [Int]? in
      var batch: [Int] = []
      batch.reserveCapacity(batchSize)
      while batch.count < batchSize, let number = numbers.next() { batch.append(number) }
      return batch.isEmpty || dropLast && batch.count < batchSize ? nil : batch
    }
  }
}

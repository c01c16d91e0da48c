import KobaiOperators
import KobaiTensor

/// The examples of a data set in batches: PyTorch's `DataLoader`, batch for batch for the same seed.
///
///     manualSeed(0)
///     let loader = DataLoader(TensorDataset(x, y), batchSize: 64, shuffle: true)
///     for epoch in 1...10 {
///       for (x, y) in loader {
///         …
///       }
///     }
///
/// Each iteration is one epoch in a new order. Examples that are tensors, tuples of tensors, or a tensor
/// with an `Int` label come stacked; for any other form `collate` says how a list of examples becomes a
/// batch.
///
/// **Random numbers.** An epoch draws from `generator` (the default one unless given) what PyTorch's
/// draws, in the same order: a seed for transforms, then, with `shuffle`, the order. So all other
/// numbers of a program agree with PyTorch's too.
///
/// **Background loading.** With `prefetch: n`, a thread of the loader's own prepares up to n batches ahead.
/// Order and numbers do not change. An error of the data set arrives where its batch would have.
///
/// **Errors.** `for … in loader` stops the program when the data set throws. To handle errors (of files,
/// say), iterate by `try loader.forEach { batch in … }`, or ask an iterator for `try nextBatch()`.
///
/// **Resuming.** `state` holds the position, in the middle of an epoch too; see `restore(_:)`.
///
/// A loader belongs to one thread.
public final class DataLoader<Batch: Sendable>: Sequence {
  /// Sequences inherit an obsolete name `Generator` from Swift's early days; here it is Kobai's.
  public typealias Generator = KobaiTensor.Generator

  /// The number of batches of an epoch.
  public var count: Int { batches.count }
  /// The number of examples of the data set.
  public let datasetCount: Int
  /// The number of examples of a batch; nil if a batch sampler decides.
  public let batchSize: Int?
  /// How many batches are prepared ahead by a thread of the loader's own; 0: each when it is asked for.
  public let prefetch: Int

  let batches: any Sampler<[Int]>
  let generator: Generator
  let load: @Sendable (_ indices: [Int], _ seed: UInt64) throws -> Batch

  /// What an epoch in progress has consumed; the latest if there are several.
  var epoch: Epoch?
  /// The position that the next epoch starts from, after `restore(_:)`.
  var resumption: DataLoaderState.Position?

  init(
    count: Int, _ plan: BatchPlan, transform: BatchTransform<Batch>?,
    fetch: @escaping @Sendable ([Int]) throws -> Batch
  ) {
    datasetCount = count
    (batches, batchSize) = plan.batches(count)
    generator = plan.generator ?? .default
    prefetch = Swift.max(0, plan.prefetch)
    load = { indices, seed in
      let batch = try fetch(indices)
      return try transform.map { try $0(batch, Generator(seed: seed)) } ?? batch
    }
  }

  /// Starts an epoch; after `restore(_:)`, goes on with the one that was under way.
  public func makeIterator() -> Iterator {
    defer { resumption = nil }
    return Iterator(self, resuming: resumption)
  }

  /// Calls `body` with each batch of one epoch.
  ///
  /// - Throws: what the data set, the transform or `body` throws.
  public func forEach(_ body: (Batch) throws -> Void) throws {
    let iterator = makeIterator()
    while let batch = try iterator.nextBatch() { try body(batch) }
  }

  /// The generators from which an epoch draws, each once.
  var generators: [Generator] {
    guard let other = batches.generator, other !== generator else { return [generator] }
    return [generator, other]
  }
}

/// Changes a batch, for instance by random crops. The generator's seed is drawn for the epoch
/// and differs from batch to batch, so results depend neither on threads nor on where a run was resumed.
public typealias BatchTransform<Batch> = @Sendable (Batch, Generator) throws -> Batch

/// How a loader takes batches: the arguments of its initialisers that do not depend on the batch's type.
struct BatchPlan {
  var batchSize: Int
  var shuffle: Bool
  var dropLast: Bool
  var sampler: (any Sampler<Int>)?
  var batchSampler: (any Sampler<[Int]>)?
  var generator: Generator?
  var prefetch: Int

  func batches(_ count: Int) -> (any Sampler<[Int]>, batchSize: Int?) {
    if let batchSampler {
      guard batchSize == 1, !shuffle, !dropLast, sampler == nil else {
        return misuse(
          "DataLoader: batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
            + "and drop_last; give one or the other", else: (batchSampler, nil))
      }
      return (batchSampler, nil)
    }
    guard sampler == nil || !shuffle else {
      return misuse(
        "DataLoader: sampler option is mutually exclusive with shuffle; give one or the other",
        else: (batched(SequentialSampler(count: count)), batchSize))
    }
    if let sampler { return (batched(sampler), batchSize) }
    return shuffle
      ? (batched(RandomSampler(count: count, generator: generator)), batchSize)
      : (batched(SequentialSampler(count: count)), batchSize)
  }

  private func batched<Order: Sampler<Int>>(_ order: Order) -> any Sampler<[Int]> {
    BatchSampler(order, batchSize: batchSize, dropLast: dropLast)
  }
}

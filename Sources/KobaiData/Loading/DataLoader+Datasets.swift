import KobaiOperators
import KobaiTensor

// One initialiser for each form of an example. Their arguments are PyTorch's:
//   batchSize      examples of a batch
//   shuffle        a new random order in each epoch
//   sampler        the order of the examples, instead of shuffle
//   batchSampler   the examples of each batch, instead of batchSize, shuffle, sampler and dropLast
//   dropLast       leave out a last batch that is shorter
//   generator      draws the order; the default generator unless given
//   prefetch       batches prepared ahead by a thread
//   transform      changes each batch, on that thread if there is one

extension DataLoader {
  /// Batches of tensors: examples of shape S come as [batchSize] + S.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false,
    sampler: (any Sampler<Int>)? = nil, batchSampler: (any Sampler<[Int]>)? = nil,
    dropLast: Bool = false, generator: Generator? = nil, prefetch: Int = 0,
    transform: BatchTransform<Batch>? = nil
  ) where Source.Element == Tensor, Batch == Tensor {
    self.init(
      count: dataset.count,
      BatchPlan(
        batchSize: batchSize, shuffle: shuffle, dropLast: dropLast, sampler: sampler,
        batchSampler: batchSampler, generator: generator, prefetch: prefetch),
      transform: transform
    ) { indices in
      if let batch = try dataset.stacked(at: indices) { return batch }
      return Tensor.stack(try indices.map { try dataset.example(at: $0) })
    }
  }

  /// Batches of inputs and targets, each stacked.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false,
    sampler: (any Sampler<Int>)? = nil, batchSampler: (any Sampler<[Int]>)? = nil,
    dropLast: Bool = false, generator: Generator? = nil, prefetch: Int = 0,
    transform: BatchTransform<Batch>? = nil
  ) where Source.Element == (Tensor, Tensor), Batch == (Tensor, Tensor) {
    self.init(
      count: dataset.count,
      BatchPlan(
        batchSize: batchSize, shuffle: shuffle, dropLast: dropLast, sampler: sampler,
        batchSampler: batchSampler, generator: generator, prefetch: prefetch),
      transform: transform
    ) { indices in
      if let batch = try dataset.stacked(at: indices) { return batch }
      let examples = try indices.map { try dataset.example(at: $0) }
      return (Tensor.stack(examples.map(\.0)), Tensor.stack(examples.map(\.1)))
    }
  }

  /// Batches of three parts, each stacked.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false,
    sampler: (any Sampler<Int>)? = nil, batchSampler: (any Sampler<[Int]>)? = nil,
    dropLast: Bool = false, generator: Generator? = nil, prefetch: Int = 0,
    transform: BatchTransform<Batch>? = nil
  ) where Source.Element == (Tensor, Tensor, Tensor), Batch == (Tensor, Tensor, Tensor) {
    self.init(
      count: dataset.count,
      BatchPlan(
        batchSize: batchSize, shuffle: shuffle, dropLast: dropLast, sampler: sampler,
        batchSampler: batchSampler, generator: generator, prefetch: prefetch),
      transform: transform
    ) { indices in
      if let batch = try dataset.stacked(at: indices) { return batch }
      let examples = try indices.map { try dataset.example(at: $0) }
      return (
        Tensor.stack(examples.map(\.0)), Tensor.stack(examples.map(\.1)),
        Tensor.stack(examples.map(\.2))
      )
    }
  }

  /// Batches of as many parts as an example has, each stacked.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false,
    sampler: (any Sampler<Int>)? = nil, batchSampler: (any Sampler<[Int]>)? = nil,
    dropLast: Bool = false, generator: Generator? = nil, prefetch: Int = 0,
    transform: BatchTransform<Batch>? = nil
  ) where Source.Element == [Tensor], Batch == [Tensor] {
    self.init(
      count: dataset.count,
      BatchPlan(
        batchSize: batchSize, shuffle: shuffle, dropLast: dropLast, sampler: sampler,
        batchSampler: batchSampler, generator: generator, prefetch: prefetch),
      transform: transform
    ) { indices in
      if let batch = try dataset.stacked(at: indices) { return batch }
      let examples = try indices.map { try dataset.example(at: $0) }
      guard let first = examples.first else { return [] }
      return first.indices.map { part in Tensor.stack(examples.map { $0[part] }) }
    }
  }

  /// Batches of tensors with their labels: the labels as an int64 tensor of shape [batchSize].
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false,
    sampler: (any Sampler<Int>)? = nil, batchSampler: (any Sampler<[Int]>)? = nil,
    dropLast: Bool = false, generator: Generator? = nil, prefetch: Int = 0,
    transform: BatchTransform<Batch>? = nil
  ) where Source.Element == (Tensor, Int), Batch == (Tensor, Tensor) {
    self.init(
      count: dataset.count,
      BatchPlan(
        batchSize: batchSize, shuffle: shuffle, dropLast: dropLast, sampler: sampler,
        batchSampler: batchSampler, generator: generator, prefetch: prefetch),
      transform: transform
    ) { indices in
      let examples = try indices.map { try dataset.example(at: $0) }
      return (
        Tensor.stack(examples.map(\.0)), Tensor(examples.map(\.1), shape: [examples.count])
      )
    }
  }

  /// Batches that `collate` makes of lists of examples.
  ///
  ///     DataLoader(sentences, batchSize: 32, collate: { padded($0) })
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false,
    sampler: (any Sampler<Int>)? = nil, batchSampler: (any Sampler<[Int]>)? = nil,
    dropLast: Bool = false, generator: Generator? = nil, prefetch: Int = 0,
    transform: BatchTransform<Batch>? = nil,
    collate: @escaping @Sendable ([Source.Element]) throws -> Batch
  ) {
    self.init(
      count: dataset.count,
      BatchPlan(
        batchSize: batchSize, shuffle: shuffle, dropLast: dropLast, sampler: sampler,
        batchSampler: batchSampler, generator: generator, prefetch: prefetch),
      transform: transform
    ) { indices in try collate(try indices.map { try dataset.example(at: $0) }) }
  }
}

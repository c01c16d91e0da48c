import Kobai
import Synchronization
import Testing

struct DataLoaderTests {
  @Test func everyFormOfExampleIsStacked() {
    let x = Tensor.arange(6)
    #expect(DataLoader(TensorDataset(x), batchSize: 4).map(\.shape) == [[4], [2]])
    #expect(DataLoader(TensorDataset(x, x), batchSize: 4, dropLast: true).map(\.1.shape) == [[4]])
    #expect(DataLoader(TensorDataset(x, x, x), batchSize: 6).map(\.2.shape) == [[6]])
    #expect(DataLoader(TensorDataset([x, x]), batchSize: 3).map(\.count) == [2, 2])
    let words = ArrayDataset(["a", "bb", "ccc"])
    #expect(DataLoader(words, batchSize: 2, collate: { $0 }).map { $0 } == [["a", "bb"], ["ccc"]])
    let single = (0..<3).transformed { Tensor(Double($0)) }
    #expect(DataLoader(single, batchSize: 2).map { $0.array(as: Int.self) } == [[0, 1], [2]])
  }

  @Test func samplersReplaceShuffling() {
    let data = TensorDataset(Tensor.arange(4))
    let order = SubsetRandomSampler([3, 1], generator: Generator(seed: 1))
    #expect(
      DataLoader(data, sampler: order).map { Int($0.item()) }.sorted() == [1, 3])
    let batches = BatchSampler(SequentialSampler(count: 4), batchSize: 3)
    let loader = DataLoader(data, batchSampler: batches)
    #expect(loader.batchSize == nil && loader.count == 2)
    #expect(loader.map(\.count) == [3, 1])
    #expect(throws: Misuse.self) {
      try recovering { _ = DataLoader(data, shuffle: true, sampler: order) }
    }
    #expect(throws: Misuse.self) {
      try recovering { _ = DataLoader(data, batchSize: 2, batchSampler: batches) }
    }
    #expect(throws: Misuse.self) { try recovering { _ = DataLoader(data, batchSize: 0) } }
    #expect(throws: Misuse.self) {
      try recovering { _ = DataLoader(TensorDataset(Tensor.zeros([0])), shuffle: true) }
    }
    #expect(Array(DataLoader(TensorDataset(Tensor.zeros([0])))).isEmpty)
  }

  @Test(arguments: [0, 1, 3, 100]) func transformsDoNotDependOnThreads(prefetch: Int) {
    let data = TensorDataset(Tensor.zeros([40, 3]))
    func batches(_ prefetch: Int) -> [[Float]] {
      let loader = DataLoader(
        data, batchSize: 8, shuffle: true, generator: Generator(seed: 5), prefetch: prefetch,
        transform: { batch, generator in batch + Tensor.rand(batch.shape, generator: generator) })
      return (0..<2).flatMap { _ in loader.map { $0.array(as: Float.self) } }
    }
    let expected = batches(0)
    #expect(batches(prefetch) == expected)
    #expect(Set(expected).count == 10)
  }

  struct Failure: Error, Equatable { var index: Int }

  /// Fails at one example.
  struct Broken: Dataset {
    var bad: Int
    var count: Int { 10 }
    subscript(index: Int) -> Tensor {
      get throws {
        if index == bad { throw Failure(index: index) }
        return Tensor(Double(index))
      }
    }
  }

  @Test(arguments: [0, 2]) func errorsArriveInPlaceOfTheirBatch(prefetch: Int) throws {
    let loader = DataLoader(Broken(bad: 5), batchSize: 2, prefetch: prefetch)
    var seen = 0
    #expect(throws: Failure(index: 5)) { try loader.forEach { _ in seen += 1 } }
    #expect(seen == 2)
    let iterator = loader.makeIterator()
    _ = try iterator.nextBatch()
    _ = try iterator.nextBatch()
    #expect(throws: Failure(index: 5)) { try iterator.nextBatch() }
    #expect(try iterator.nextBatch() == nil)
  }

  @Test func plainLoopsStopAtErrorsWithASentence() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      for _ in DataLoader(Broken(bad: 5), batchSize: 2) {}
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("DataLoader: batch 2 could not be loaded: Failure(index: 5)"))
  }

  /// Examples of different shapes cannot be stacked: a misuse, on whichever thread.
  @Test(arguments: [0, 2]) func misuseIsTheConsumers(prefetch: Int) {
    let data = (0..<4).transformed { Tensor.zeros([$0 + 1]) }
    #expect(throws: Misuse.self) {
      try recovering { _ = Array(DataLoader(data, batchSize: 2, prefetch: prefetch)) }
    }
  }

  /// Counts what is read of it, and whether it still exists.
  final class Counting: Dataset {
    let reads = Mutex(0)
    var count: Int { 1000 }
    subscript(index: Int) -> Tensor {
      reads.withLock { $0 += 1 }
      return Tensor(Double(index))
    }
  }

  @Test func nothingRunsAfterTheIterator() {
    let data = Counting()
    weak var observed: Counting?
    do {
      let loader = DataLoader(Subset(data, indices: Array(0..<1000)), batchSize: 10, prefetch: 4)
      for (number, _) in loader.enumerated() where number == 2 { break }
      let reads = data.reads.withLock { $0 }
      #expect(reads >= 30 && reads <= 70)
      let iterator = loader.makeIterator()
      _ = iterator.next()
    }
    let reads = data.reads.withLock { $0 }
    #expect(reads <= 120)
    #expect(data.reads.withLock { $0 } == reads)

    do {
      let other = Counting()
      observed = other
      let iterator = DataLoader(other, batchSize: 10, prefetch: 4).makeIterator()
      _ = iterator.next()
    }
    #expect(observed == nil)
  }
}

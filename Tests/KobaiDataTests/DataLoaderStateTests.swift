import Foundation
import Kobai
import Testing

struct DataLoaderStateTests {
  /// A program that draws from the loader's generator after each batch; its trace holds both.
  static func run(
    _ loader: DataLoader<Tensor>, _ generator: Generator, epochs: Int,
    saveAfter: Int? = nil, saved: inout Data?
  ) throws -> [[Float]] {
    var trace: [[Float]] = []
    for _ in 0..<epochs {
      for batch in loader {
        trace.append(
          batch.array(as: Float.self)
            + Tensor.rand([2], generator: generator).array(as: Float.self))
        if trace.count == saveAfter { saved = try JSONEncoder().encode(loader.state) }
      }
    }
    return trace
  }

  static func loader(_ kind: String, _ generator: Generator, prefetch: Int) -> DataLoader<Tensor> {
    let data = TensorDataset(Tensor.arange(22).to(.float32))
    let transform: BatchTransform<Tensor> = { $0 + Tensor.rand($0.shape, generator: $1) }
    switch kind {
    case "shuffled":
      return DataLoader(
        data, batchSize: 4, shuffle: true, generator: generator, prefetch: prefetch,
        transform: transform)
    case "in order":
      return DataLoader(
        data, batchSize: 4, dropLast: true, generator: generator, prefetch: prefetch,
        transform: transform)
    case "replaced":
      return DataLoader(
        data, batchSize: 15,
        sampler: RandomSampler(
          count: 22, replacement: true, numSamples: 90, generator: generator),
        generator: generator, prefetch: prefetch, transform: transform)
    default:
      return DataLoader(
        data, batchSize: 4,
        sampler: WeightedRandomSampler(
          (0..<22).map(Double.init), numSamples: 24, generator: Generator(seed: 77)),
        generator: generator, prefetch: prefetch, transform: transform)
    }
  }

  @Test(
    arguments: ["shuffled", "in order", "replaced", "weighted"], [0, 3])
  func aKilledRunResumesIdentically(kind: String, prefetch: Int) throws {
    let epochs = 2
    var none: Data?
    let perEpoch = Self.loader(kind, Generator(seed: 3), prefetch: prefetch).count
    for stop in 1...epochs * perEpoch {
      let generator = Generator(seed: 3)
      var saved: Data?
      let before = try Self.run(
        Self.loader(kind, generator, prefetch: prefetch), generator, epochs: epochs,
        saveAfter: stop, saved: &saved)
      // Another process: fresh generators with other seeds.
      let later = Generator(seed: 1234)
      let resumed = Self.loader(kind, later, prefetch: prefetch)
      try resumed.restore(
        try JSONDecoder().decode(DataLoaderState.self, from: try #require(saved)))
      let remaining = epochs - (stop - 1) / perEpoch
      let after = try Self.run(resumed, later, epochs: remaining, saved: &none)
      let isSame = after == Array(before[stop...])
      #expect(isSame, "\(kind), prefetch \(prefetch), stopped after \(stop)")
    }
  }

  @Test func betweenEpochsOnlyTheGeneratorsMatter() throws {
    let generator = Generator(seed: 3)
    let loader = Self.loader("shuffled", generator, prefetch: 0)
    for _ in loader {}
    let state = loader.state
    #expect(state.position == nil)
    let expected = loader.map { $0.array(as: Float.self) }
    for batch in loader {  // a loop that was left early is over too
      _ = batch
      break
    }
    #expect(loader.state.position == nil)
    try loader.restore(state)
    #expect(loader.state == state)
    #expect(loader.map { $0.array(as: Float.self) } == expected)
  }

  @Test func aStateOfAnotherLoaderIsRefused() throws {
    let state = Self.loader("shuffled", Generator(seed: 1), prefetch: 0).state
    for kind in ["in order", "replaced", "weighted"] {
      let loader = Self.loader(kind, Generator(seed: 2), prefetch: 0)
      let before = loader.state
      #expect(throws: DataLoaderStateError.self) { try loader.restore(state) }
      #expect(loader.state == before)
    }
    var text = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
    // Half a byte more, and what is no digit, though `+f` is a number.
    for digits in ["0", "+f", "0G"] {
      let damaged = text.replacingOccurrences(of: "[\"", with: "[\"" + digits)
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(DataLoaderState.self, from: Data(damaged.utf8))
      }
    }
    text = text.replacingOccurrences(of: "[\"", with: "[\"00")
    let wrong = try JSONDecoder().decode(DataLoaderState.self, from: Data(text.utf8))
    #expect(throws: DataLoaderStateError.self) {
      try Self.loader("shuffled", Generator(seed: 1), prefetch: 0).restore(wrong)
    }
  }
}

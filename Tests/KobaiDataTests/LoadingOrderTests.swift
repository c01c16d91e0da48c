import Kobai
import Testing

/// The orders of PyTorch's samplers and loaders, and how much of the streams they use. Each runs in a
/// process of its own, since others also draw from the default generator.
struct LoadingOrderTests {
  @Test func samplersTakePyTorchsNumbers() async {
    await #expect(processExitsWith: .success) {
      let orders = try LoadingOrders.recorded()
      #expect(orders.samplers.count == 34)
      for row in orders.samplers {
        let generator = seeded(row.seed, row.generator)
        let taken: [[Int]]
        switch row.sampler {
        case "random":
          let sampler = RandomSampler(
            count: row.count!, replacement: row.replacement!, numSamples: row.numSamples!,
            generator: generator)
          taken = (0..<row.epochs).map { _ in sampler.order() }
        case "subset":
          let indices = (0..<row.count!).map { 2 * $0 }
          let sampler = SubsetRandomSampler(indices, generator: generator)
          taken = (0..<row.epochs).map { _ in sampler.order() }
        default:
          let sampler = WeightedRandomSampler(
            orders.weights, numSamples: row.numSamples!, replacement: row.replacement!,
            generator: generator)
          taken = (0..<row.epochs).map { _ in sampler.order() }
        }
        #expect(taken == row.orders, "\(row)")
        #expect(later(generator) == row.later, "\(row)")
      }
    }
  }

  @Test func loadersGivePyTorchsBatches() async {
    await #expect(processExitsWith: .success) {
      for row in try LoadingOrders.recorded().loaders {
        for prefetch in [0, 2] {
          let generator = seeded(row.seed, row.generator)
          let data = TensorDataset(Tensor.arange(row.count), Tensor.arange(row.count) * 2)
          let loader: DataLoader<(Tensor, Tensor)>
          if row.sampler != nil {
            let sampler = RandomSampler(
              count: row.count, replacement: row.replacement!, numSamples: row.numSamples!,
              generator: row.shared! ? generator : nil)
            loader = DataLoader(
              data, batchSize: row.batchSize, sampler: sampler, dropLast: row.dropLast,
              generator: generator, prefetch: prefetch)
          } else {
            loader = DataLoader(
              data, batchSize: row.batchSize, shuffle: row.shuffle!, dropLast: row.dropLast,
              generator: generator, prefetch: prefetch)
          }
          let batches = (0..<row.epochs).map { _ in
            loader.map { x, y in
              #expect(same(x * 2, y))
              return x.array(as: Int.self)
            }
          }
          #expect(batches == row.batches, "\(row)")
          #expect(batches.allSatisfy { $0.count == loader.count })
          #expect(later(generator) == row.later, "\(row)")
        }
      }
    }
  }

  /// A program that draws between the batches gets the same numbers: orders are drawn when PyTorch draws
  /// them, not before.
  @Test func ordersAreDrawnWhenPyTorchDrawsThem() async {
    await #expect(processExitsWith: .success) {
      for row in try LoadingOrders.recorded().interleaved {
        let generator = seeded(row.seed, row.generator)
        let sampler = RandomSampler(
          count: row.count, replacement: row.replacement, numSamples: row.numSamples,
          generator: generator)
        let loader = DataLoader(
          TensorDataset(Tensor.arange(row.count)), batchSize: row.batchSize, sampler: sampler,
          generator: generator)
        var number = 0
        for x in loader {
          #expect(x.array(as: Int.self) == row.batches[number][0].numbers)
          #expect(later(generator) == row.batches[number][1].lists)
          number += 1
        }
        #expect(number == row.batches.count)
        #expect(later(generator) == row.later)
      }
    }
  }

  @Test func splitsAreThoseOfPyTorch() async {
    await #expect(processExitsWith: .success) {
      for row in try LoadingOrders.recorded().splits {
        let generator = seeded(row.seed, row.generator)
        let data = 0..<row.count
        let parts =
          row.lengths.map { data.randomSplit($0, generator: generator) }
          ?? data.randomSplit(row.fractions!, generator: generator)
        #expect(parts.map(\.indices) == row.parts)
        #expect(later(generator) == row.later)
      }
    }
  }
}

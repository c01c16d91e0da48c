import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// The programs in the article Data.md, and examples of comments that state numbers.
struct DataArticleTests {
  @Test func batchesAndResuming() throws {
    let x = Tensor.arange(20).reshape([10, 2]).to(.float32)
    let y = Tensor.arange(10)
    let data = TensorDataset(x, y)
    let parts = data.randomSplit([0.8, 0.2], generator: Generator(seed: 0))
    let loader = DataLoader(
      parts[0], batchSize: 4, shuffle: true, generator: Generator(seed: 1), prefetch: 2)
    var shapes: [[Shape]] = []
    for (x, y) in loader {
      shapes.append([x.shape, y.shape])
      #expect(same(x.select(dim: 1, index: 0), (y * 2).to(.float32)))
    }
    #expect(shapes == [[[4, 2], [4]], [[4, 2], [4]]])
    let saved = try JSONEncoder().encode(loader.state)
    try loader.restore(JSONDecoder().decode(DataLoaderState.self, from: saved))
    #expect(loader.map { $0.1.count } == [4, 4])
  }

  @Test func randomChanges() {
    let images = TensorDataset(Tensor.ones([6, 3, 8, 8]), Tensor.arange(6))
    let augmented = DataLoader(
      images, batchSize: 4,
      transform: { batch, generator in
        let (x, y) = batch
        return (x.randomCrop(height: 8, width: 8, padding: 4, generator: generator), y)
      })
    #expect(augmented.map { $0.0.shape } == [[4, 3, 8, 8], [2, 3, 8, 8]])
  }

  @Test func examplesOfComments() async {
    let parts = (0..<10).randomSplit([3, 7], generator: Generator(seed: 42))
    #expect(parts[0].indices == [2, 6, 1])
    #expect((0..<10).randomSplit([0.5, 0.25, 0.25]).map(\.count) == [6, 2, 2])
    await #expect(processExitsWith: .success) {
      manualSeed(0)
      #expect(RandomSampler(count: 5).order() == [1, 3, 4, 2, 0])
      manualSeed(0)
      #expect(WeightedRandomSampler([0, 0.1, 0.9], numSamples: 4).order() == [2, 2, 2, 2])
    }
  }

  @Test(
    .enabled(
      if: RealData.isExpected("titanic"), Comment(rawValue: RealData.reason("titanic"))))
  func tables() throws {
    let table = try Table(csv: RealData.folder("titanic") + "/train.csv")
    let counts = table.missingCounts
    #expect(
      counts.map(\.name) == ["Age", "Cabin", "Embarked"] && counts.map(\.count) == [177, 687, 2])
    let parts = try table.randomSplit([0.8, 0.2], stratifiedBy: "Survived")
    let encoder = try TableEncoder(
      fitting: parts[0], target: "Survived", features: ["Pclass", "Sex", "Age", "Fare"])
    #expect(encoder.featureNames == ["Pclass", "Sex=female", "Sex=male", "Age", "Fare"])
    #expect(encoder.classes == ["0", "1"])
    let (train, test) = (try encoder.dataset(of: parts[0]), try encoder.dataset(of: parts[1]))
    #expect(train.count + test.count == 891)
    #expect(train.tensors[0].mean(dim: 0).abs().max().item() < 0.7)
  }
}

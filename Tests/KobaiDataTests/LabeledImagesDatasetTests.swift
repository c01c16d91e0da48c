import Kobai
import KobaiTestSupport
import Testing

@Suite struct LabeledImagesDatasetTests {
  /// Five images of two channels and 2 × 3 pixels.
  private func sample() -> LabeledImages {
    let pixels = Tensor((0..<60).map { 4 * $0 }, shape: [5, 2, 2, 3], dtype: .uint8)
    return LabeledImages(images: pixels, labels: Tensor([3, 1, 4, 1, 5]))
  }

  @Test func batchesAreWhatTheExamplesAre() throws {
    for data in [sample(), sample().normalized(mean: [0.5, 0.25], std: [0.125, 2])] {
      let order = [4, 0, 0, 2]
      let (x, y) = try #require(data.stacked(at: order))
      #expect(same(x, Tensor.stack(order.map { data[$0].0 })))
      #expect(same(y, Tensor.stack(order.map { data[$0].1 })))
      #expect(same(x, data.floats.indexSelect(dim: 0, index: Tensor(order))))
    }
  }

  @Test func pixelsAreScaledAndNormalized() {
    let data = sample().normalized(mean: [0.5, 0.25], std: [0.125, 2])
    let pixels = sample().images.array(as: Double.self)
    let expected = pixels.enumerated().map { i, pixel in
      (i / 6) % 2 == 0 ? (pixel / 255 - 0.5) / 0.125 : (pixel / 255 - 0.25) / 2
    }
    #expect(
      difference(
        data.floats, Tensor(expected, shape: [5, 2, 2, 3], dtype: .float32),
        .roundings(.float32, 8)) == nil)
    let sixteenth = LabeledImages(
      images: Tensor.full([1, 1, 1, 1], 4, dtype: .uint8), labels: Tensor([0]), maximum: 16)
    #expect(sixteenth.floats.item() == 0.25)
  }

  @Test func everyValueOfAPixelIsLookedUp() {
    let pixels = (0..<4 * 272).map { ($0 * 7 + $0 / 256) % 256 }
    let images = Tensor(pixels, shape: [4, 1, 16, 17], dtype: .uint8)
    let data = LabeledImages(images: images, labels: Tensor([0, 1, 2, 3]))
    #expect(Set(pixels).count == 256)
    #expect(
      difference(data.floats, (images.to(.float64) / 255).to(.float32), .roundings(.float32, 1))
        == nil)
  }

  @Test func partsKeepTheNormalization() {
    let data = sample().normalized(mean: [0.5, 0.25], std: [0.125, 2])
    #expect(same(data.prefix(2).floats, data.floats[..<2]))
    #expect(data.prefix(9).count == 5 && data.prefix(0).count == 0 && data.prefix(-1).count == 0)
    let chosen = data.selecting([3, 0])
    #expect(same(chosen.floats, data.floats.indexSelect(dim: 0, index: Tensor([3, 0]))))
    #expect(chosen.labels.array(as: Int.self) == [1, 3])
  }

  @Test func validationImagesComeFromTheTrainingImages() throws {
    var data = Digits.load()
    data.validation = nil
    let split = data.splittingValidation(78)
    let validation = try #require(split.validation)
    #expect(split.train.count == 1000 && validation.count == 78)
    #expect(same(split.test.labels, data.test.labels))
    let order = Tensor.randperm(1078, generator: Generator(seed: 0))
    let together = Tensor.cat([validation.images, split.train.images])
    #expect(same(together, data.train.images.indexSelect(dim: 0, index: order)))
    #expect(
      misuseMessage { split.splittingValidation(1) }?.contains("78 validation images already")
        == true)
    #expect(misuseMessage { data.splittingValidation(1079) }?.contains("from 0 to 1078") == true)
  }

  @Test func shapesAreChecked() {
    let images = Tensor.zeros([2, 1, 4, 4], dtype: .uint8)
    let message = misuseMessage { LabeledImages(images: images, labels: Tensor([1, 2, 3])).count }
    #expect(message?.contains("uint8 [2, 1, 4, 4], int64 [3]") == true)
    #expect(
      misuseMessage { LabeledImages(images: images.to(.float32), labels: Tensor([1, 2])).count }
        != nil)
    let data = LabeledImages(images: images, labels: Tensor([1, 2]))
    #expect(misuseMessage { data.normalized(mean: [0, 0], std: [1, 1]).count } != nil)
    #expect(misuseMessage { data.normalized(mean: [0], std: [0]).count } != nil)
  }
}

import Kobai
import KobaiTestSupport
import Testing

@Suite struct DigitsDatasetTests {
  @Test func digitsAreThePublishedOnes() {
    let (images, labels) = (Digits.images, Digits.labels)
    #expect(images.dtype == .float32 && images.shape == [1797, 1, 8, 8])
    #expect(labels.dtype == .int64 && labels.shape == [1797])
    // The first row of scikit-learn's table.
    let first = [
      0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0, 0, 3, 15, 2, 0, 11, 8, 0, 0, 4, 12, 0, 0,
      8,
      8, 0, 0, 5, 8, 0, 0, 9, 8, 0, 0, 4, 11, 0, 1, 12, 7, 0, 0, 2, 14, 5, 10, 12, 0, 0, 0, 0, 6,
      13,
      10, 0, 0, 0,
    ]
    #expect(images[0].array(as: Int.self) == first)
    #expect(labels[..<10].array(as: Int.self) == Array(0..<10))
    // Sums that NumPy gives for the table.
    let wide = images.to(.float64)
    #expect(wide.sum().item() == 561_718)
    #expect((wide * wide).sum().item() == 6_907_012)
    var counts = [Int](repeating: 0, count: 10)
    for label in labels.array(as: Int.self) { counts[label] += 1 }
    #expect(counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
  }

  /// torch.randperm(1797, generator=torch.Generator().manual_seed(0)), from PyTorch 2.13.
  @Test func partsAreInPyTorchsOrder() throws {
    let data = Digits.load()
    let validation = try #require(data.validation)
    #expect([data.train.count, validation.count, data.test.count] == [1078, 359, 360])
    let first = Tensor([362, 1568, 1440, 1761, 815])
    let last = Tensor([1334, 464, 1504, 80, 317])
    #expect(same(data.train.labels[..<5], Digits.labels.indexSelect(dim: 0, index: first)))
    #expect(same(data.test.labels[(-5)...], Digits.labels.indexSelect(dim: 0, index: last)))
    #expect(
      same(
        data.test.images[(-5)...].to(.float32), Digits.images.indexSelect(dim: 0, index: last)))
    let all = [data.train, validation, data.test].map(\.images)
    #expect(Tensor.cat(all).to(.float64).sum().item() == 561_718)
    #expect(data.imageShape == [1, 8, 8] && data.classCount == 10)
  }

  @Test func statisticsAreThoseOfTheTrainingImages() {
    let data = Digits.load()
    let pixels = data.train.floats.to(.float64)
    #expect(abs(pixels.mean().item() - data.mean[0]) < 1e-8)
    #expect(abs(pixels.std(correction: 0).item() - data.std[0]) < 1e-8)
    let normalized = data.normalized().train.floats.to(.float64)
    #expect(abs(normalized.mean().item()) < 1e-6)
    #expect(abs(normalized.std(correction: 0).item() - 1) < 1e-6)
  }

  @Test func loadersTakeTheParts() {
    let data = Digits.load()
    var (count, sum) = (0, 0.0)
    for (x, y) in DataLoader(data.test, batchSize: 64) {
      #expect(x.dtype == .float32 && Array(x.shape.dropFirst()) == [1, 8, 8])
      #expect(y.dtype == .int64 && y.shape == [x.shape[0]])
      #expect(x.min().item() == 0 && x.max().item() == 1)
      count += y.shape[0]
      sum += x.to(.float64).sum().item()
    }
    #expect(count == 360)
    #expect(sum * 16 == data.test.images.to(.float64).sum().item())
  }

  @Test func namesAreFound() throws {
    #expect(try ImageClassification.load("Digits").train.count == 1078)
    let error = thrown(DatasetError.self) { try ImageClassification.load("mnits") }
    #expect(error?.kind == .unknownName)
    #expect(
      error?.description
        == "mnits: there is no such data set; choose digits, mnist, fashion-mnist, cifar10")
    let empty = try ScratchFolder()
    for name in ImageClassification.names.dropFirst() {
      let error = thrown(DatasetError.self) {
        try ImageClassification.load(name, from: empty.path)
      }
      #expect(error?.kind == .missing && error?.dataset == name)
    }
  }
}

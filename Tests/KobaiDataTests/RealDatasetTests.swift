import Kobai
import KobaiTestSupport
import Testing

@Suite struct RealDatasetTests {
  /// The mean and standard deviation of each channel, summed in float64 one part after the other.
  private func statistics(_ images: LabeledImages) -> (mean: [Double], std: [Double]) {
    let channels = images.images.shape[1]
    var sums = [(Double, Double)](repeating: (0, 0), count: channels)
    var count = 0.0
    for start in stride(from: 0, to: images.count, by: 2000) {
      let part = images.images.narrow(
        dim: 0, start: start, length: min(2000, images.count - start)
      ).to(.float64)
      count += Double(part.shape[0] * part.shape[2] * part.shape[3])
      for channel in 0..<channels {
        let x = part.select(dim: 1, index: channel) / 255
        sums[channel].0 += x.sum().item()
        sums[channel].1 += (x * x).sum().item()
      }
    }
    let mean = sums.map { $0.0 / count }
    return (mean, zip(sums, mean).map { ($0.1 / count - $1 * $1).squareRoot() })
  }

  private func expectClose(_ a: [Double], _ b: [Double], _ tolerance: Double) {
    #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }, "\(a), \(b)")
  }

  @Test(.enabled(if: RealData.isExpected("mnist"), "needs KOBAI_DATA/mnist"))
  func mnistIsThePublishedOne() throws {
    let data = try RealData.mnist()
    #expect(data.train.images.shape == [60000, 1, 28, 28])
    #expect(data.test.images.shape == [10000, 1, 28, 28])
    #expect(data.train.labels[..<10].array(as: Int.self) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    #expect(data.test.labels[..<10].array(as: Int.self) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    let (mean, std) = statistics(data.train)
    expectClose(mean, data.mean, 1e-8)
    expectClose(std, data.std, 1e-8)
  }

  @Test(.enabled(if: RealData.isExpected("fashion-mnist"), "needs KOBAI_DATA/fashion-mnist"))
  func fashionMNISTIsThePublishedOne() throws {
    let data = try RealData.fashionMNIST()
    #expect(data.train.images.shape == [60000, 1, 28, 28])
    #expect(data.test.images.shape == [10000, 1, 28, 28])
    #expect(data.classes[data.train.labels[0].item(as: Int.self)] == "Ankle boot")
    let (mean, std) = statistics(data.train)
    expectClose(mean, data.mean, 1e-8)
    expectClose(std, data.std, 1e-8)
  }

  @Test(.enabled(if: RealData.isExpected("cifar10-subset"), "needs KOBAI_DATA/cifar10-subset"))
  func cifar10IsThePublishedOne() throws {
    let data = try RealData.cifar10Subset()
    #expect(data.train.images.shape == [10000, 3, 32, 32])
    #expect(data.test.images.shape == [1000, 3, 32, 32])
    let first = data.train.labels[..<5].array(as: Int.self).map { data.classes[$0] }
    #expect(first == ["frog", "truck", "truck", "deer", "automobile"])
    // The published numbers are those of all five batches, of which this is one.
    let (mean, std) = statistics(data.train)
    expectClose(mean, data.mean, 0.005)
    expectClose(std, data.std, 0.005)
  }
}

import Kobai
import KobaiTestSupport
import Testing

@Suite struct NormTests {
  /// Statistics of the result are what normalisation promises.
  @Test func layersHaveMeanZeroAndVarianceOne() {
    var random = RandomSource(seed: 5)
    let x = random.uniform(3...9, [4, 6, 5])
    let results = [
      x.layerNorm([6, 5], eps: 0).reshape([4, 30]),
      x.groupNorm(2, eps: 0).reshape([8, 15]),
      x.instanceNorm(eps: 0).reshape([24, 5]),
      x.batchNorm(training: true, eps: 1e-300).transpose(0, 1).reshape([6, 20]),
    ]
    for y in results {
      for row in 0..<y.shape[0] {
        let values = y.select(dim: 0, index: row).array(as: Double.self)
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
        #expect(abs(mean) < 1e-13 && abs(variance - 1) < 1e-13)
      }
    }
  }

  @Test func runningStatistics() {
    let x = Tensor([[1.0, 10.0], [3.0, 30.0], [5.0, 50.0]], dtype: .float64)
    let mean = Tensor.zeros([2], dtype: .float64).asState(requiresGrad: false)
    let variance = Tensor.ones([2], dtype: .float64).asState(requiresGrad: false)
    _ = x.batchNorm(runningMean: mean, runningVar: variance, training: true, momentum: 0.25)
    #expect(mean.array(as: Double.self) == [0.75, 7.5])
    // The unbiased variances are 4 and 400.
    #expect(variance.array(as: Double.self) == [1.75, 100.75])
    let y = x.batchNorm(runningMean: mean, runningVar: variance, eps: 0.25)
    let expected = (x - mean) / (variance + 0.25).sqrt()
    #expect(difference(y, expected, .roundings(.float64, 8)) == nil)
  }

  @Test func misuses() {
    let x = Tensor.ones([2, 3])
    #expect(misuseMessage { x.batchNorm() }?.contains("must be defined in evaluation mode") == true)
    #expect(
      misuseMessage { Tensor.ones([1, 3]).batchNorm(training: true) }?
        .contains("Expected more than 1 value per channel when training") == true)
    #expect(
      misuseMessage { x.batchNorm(runningMean: Tensor.zeros([3]), training: true) }?
        .contains("asState") == true)
    #expect(misuseMessage { x.layerNorm([2]) }?.contains("normalized_shape=[2]") == true)
    #expect(misuseMessage { x.groupNorm(2) }?.contains("divisible by num_groups") == true)
  }
}

import Kobai
import KobaiTestSupport
import Testing

@Suite struct LossTests {
  let logits = Tensor([[1.0, 2.0, 0.5], [-1.0, 0.0, 3.0], [0.3, 0.2, 0.1]], dtype: .float64)

  /// −log of softmax at a class, written out.
  private func negativeLog(_ row: Int, _ target: Int) -> Double {
    let values = logits.select(dim: 0, index: row)
    return -(values - values.exp().sum().log()).array(as: Double.self)[target]
  }

  @Test func meanDividesByTheWeightsOfWhatCounts() {
    let loss = crossEntropy(
      logits, Tensor([0, 2, -100]), weight: Tensor([1.0, 5.0, 3.0], dtype: .float64))
    let expected = (negativeLog(0, 0) + 3 * negativeLog(1, 2)) / 4
    #expect(abs(loss.item() - expected) < 1e-14)
  }

  @Test func smoothingIsAMixtureOfTargets() {
    let smoothed = crossEntropy(logits, Tensor([0, 1, 2]), labelSmoothing: 0.3)
    let rows = (0..<3).map { row in (0..<3).map { $0 == row ? 0.8 : 0.1 } }
    let mixture = crossEntropy(logits, Tensor(rows, dtype: .float64))
    #expect(abs(smoothed.item() - mixture.item()) < 1e-14)
  }

  @Test func meansOfNothingAreNaN() {
    #expect(crossEntropy(logits, Tensor([-100, -100, -100])).item().isNaN)
    #expect(crossEntropy(logits, Tensor([-100, -100, -100]), reduction: .sum).item() == 0)
    #expect(mseLoss(Tensor.ones([0]), Tensor.ones([0])).item().isNaN)
  }

  @Test func certainProbabilitiesStayFinite() {
    let x = Tensor([0.0, 1.0, 0.0], requiresGrad: true)
    let loss = binaryCrossEntropy(x, Tensor([1.0, 0.0, 0.0]), reduction: .sum)
    #expect(loss.item() == 200)
    loss.backward()
    #expect(x.grad?.array(as: Float.self) == [-1e12, 1e12, 0])
  }

  @Test func farTargetsStayFinite() {
    let loss = smoothL1Loss(Tensor([1e30]), Tensor([0.0]), beta: 1e10)
    #expect(abs(loss.item() / 1e30 - 1) < 1e-6)
  }

  @Test func kinks() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    l1Loss(x, Tensor([1.0, 1.0]), reduction: .sum).backward()
    #expect(x.grad?.array(as: Float.self) == [0, 1])
    let y = Tensor([1.0, -.infinity], requiresGrad: true)
    smoothL1Loss(y, Tensor([0.0, 0.0]), reduction: .sum).backward()
    #expect(y.grad?.array(as: Float.self) == [1, -1])
  }

  @Test func misuses() {
    #expect(
      misuseMessage { crossEntropy(logits, Tensor([0, 1, 3])) }?
        .contains("Target 3 is out of bounds.") == true)
    #expect(
      misuseMessage { crossEntropy(logits, Tensor([0, 1])) }?
        .contains("Expected input batch_size (3) to match target batch_size (2)") == true)
    #expect(
      misuseMessage { binaryCrossEntropy(Tensor([1.5]), Tensor([1.0])) }?
        .contains("all elements of input should be between 0 and 1") == true)
    #expect(misuseMessage { smoothL1Loss(logits, logits, beta: -1) }?.contains("negative") == true)
  }
}

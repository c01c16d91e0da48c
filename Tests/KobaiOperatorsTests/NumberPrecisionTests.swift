import Kobai
import Testing

/// Swift numbers beside float64 tensors keep all their digits: 0.1 is not the float32 nearest to it.
@Suite struct NumberPrecisionTests {
  private let zero = Tensor([0.0], dtype: .float64)
  private let one = Tensor([1.0], dtype: .float64)

  private func value(_ tensor: Tensor) -> Double { tensor[0].item(as: Double.self) }

  @Test func bounds() {
    #expect(value(zero.clamp(min: 0.1)) == 0.1)
    #expect(value(one.clamp(max: 0.1)) == 0.1)
    #expect(value(one.clamp(min: -0.1, max: 0.1)) == 0.1)
    #expect(value(zero.clampMin(1e-300)) == 1e-300)
    #expect(value(one.clampMax(0.3)) == 0.3)
    // At the bound the derivative is 1: the bound must be the number that was given.
    let slope = grad { (x: Tensor) in x.clamp(min: 0.1).sum() }(Tensor([0.1], dtype: .float64))
    #expect(value(slope) == 1)
  }

  @Test func weights() {
    #expect(value(zero.lerp(one, weight: 0.1)) == 0.1)
    // PyTorch computes from the nearer end: 1 − 1 · (1 − 0.7).
    #expect(value(zero.lerp(one, weight: 0.7)) == 1 - (1 - 0.7))
  }

  @Test func arithmetic() {
    #expect(value(zero + 0.1) == 0.1)
    #expect(value(one * 0.1) == 0.1)
    #expect(value(zero.maximum(0.1)) == 0.1)
    #expect(value(Tensor.where(zero.eq(0), 0.1, zero)) == 0.1)
    #expect(value(zero.maskedFill(zero.eq(0), 0.1)) == 0.1)
    #expect(value(one ** 0.1) == 1)
    #expect(value((one * 2) ** 0.1) == 1.0717734625362931)
    #expect(value((-one).leakyRelu(negativeSlope: 0.1)) == -0.1)
  }
}

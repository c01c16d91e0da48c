import Kobai
import KobaiTestSupport
import Testing

@Suite struct AttentionTests {
  @Test func causalIsATriangularMask() {
    var random = RandomSource(seed: 6)
    let (q, k, v) = (
      random.uniform(-1...1, [2, 3, 4]), random.uniform(-1...1, [2, 3, 4]),
      random.uniform(-1...1, [2, 3, 5])
    )
    let mask = Tensor.ones([3, 3], dtype: .bool).tril()
    let causal = scaledDotProductAttention(q, k, v, isCausal: true)
    let masked = scaledDotProductAttention(q, k, v, attnMask: mask)
    #expect(difference(causal, masked, .roundings(.float64, 16)) == nil)
    // The first query sees the first key alone.
    #expect(
      difference(
        causal.select(dim: 1, index: 0), v.select(dim: 1, index: 0), .roundings(.float64, 4))
        == nil)
  }

  @Test func fullyMaskedRowsAreZeroWithZeroGradients() {
    let q = Tensor([[1.0, 2.0], [3.0, 4.0]], requiresGrad: true)
    let k = Tensor([[1.0, 0.0], [0.0, 1.0]])
    let mask = Tensor([[true, true], [false, false]])
    let y = scaledDotProductAttention(q, k, k, attnMask: mask)
    #expect(y.select(dim: 0, index: 1).array(as: Float.self) == [0, 0])
    (y * y).sum().backward()
    let gradient = q.grad?.array(as: Float.self) ?? []
    #expect(gradient.count == 4 && gradient.allSatisfy(\.isFinite))
    #expect(gradient.suffix(2) == [0, 0])
  }

  @Test func fewerHeadsOfKeysServeSeveralQueries() {
    var random = RandomSource(seed: 7)
    let q = random.uniform(-1...1, [4, 3, 2])
    let k = random.uniform(-1...1, [2, 3, 2])
    let shared = scaledDotProductAttention(q, k, k, enableGQA: true)
    let repeated = k.repeatInterleave(2, dim: 0)
    let full = scaledDotProductAttention(q, repeated, repeated)
    #expect(difference(shared, full, .roundings(.float64, 4)) == nil)
  }
}

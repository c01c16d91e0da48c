import Kobai
import KobaiTestSupport
import Testing

@Suite(.ownGenerator) struct FusionTests {
  private func same(
    _ f: @escaping (Tensor, Tensor) -> [Tensor], _ x: Tensor, _ y: Tensor, groups: Int
  ) {
    let expected = f(x, y).map(\.bytes)
    let compiled = jit { (x: Tensor, y: Tensor) in f(x, y) }
    for _ in 0..<3 { #expect(compiled(x, y).map(\.bytes) == expected) }
    #expect(compiled.inspect(x, y).groups.count == groups)
  }

  @Test(arguments: [DType.float32, .float64]) func severalResults(_ dtype: DType) {
    let (x, y) = (Tensor.randn([7, 33], dtype: dtype), Tensor.randn([7, 33], dtype: dtype))
    same(
      { x, y in
        let a = x * y + 1
        let b = a.tanh()
        return [a, b, (b - x).relu(), b > 0]
      }, x, y, groups: 1)
  }

  @Test func aReaderBetweenEndsAGroup() {
    let (x, y) = (Tensor.randn([6, 6]), Tensor.randn([6, 6]))
    same(
      { x, y in
        let a = (x * y).exp()
        let b = a.matmul(y)
        return [(b + a) * 2]
      }, x, y, groups: 2)
  }

  @Test func rowsAndColumns() {
    let (x, y) = (Tensor.randn([50, 70]), Tensor.randn([70]))
    same(
      { x, y in
        let centred = x - x.mean(dim: 1, keepDim: true)
        return [(centred * y + y).sigmoid() * 0.5]
      }, x, y, groups: 1)
    same({ x, y in [(x.t() * 2 + 1).relu(), (x * y).neg().abs()] }, x, y, groups: 2)
  }

  @Test func choicesAndFlags() {
    let (x, y) = (Tensor.randn([200]), Tensor.randn([200]))
    same(
      { x, y in
        let positive = x > 0
        let both = positive.logicalAnd(y > 0)
        return [Tensor.where(both, x * 2, y - 1), both.to(x.dtype) * x, positive]
      }, x, y, groups: 1)
    let mask = x > 0.5
    same({ x, y in [Tensor.where(mask, x + y, x * y) * 2] }, x, y, groups: 1)
  }

  @Test func longChainsAreDivided() {
    let (x, y) = (Tensor.randn([300]), Tensor.randn([300]))
    same(
      { x, y in
        var z = x
        for i in 0..<120 { z = (z * 0.5 + y) - Double(i) / 100 }
        return [z]
      }, x, y, groups: 6)
  }

  @Test func specialValuesKeepTheirBits() {
    let x = Tensor([0.0, -0.0, .infinity, -.infinity, .nan, 1e-45, -1e-45, 3.4e38])
    let y = Tensor([-0.0, 0.0, 1.0, .infinity, 2.0, 1e-45, 0.0, 3.4e38])
    same(
      { x, y in
        [x + y, x - y, x * y, x / y, x.maximum(y), x.minimum(y), -x, x.abs().sqrt(), x.relu()]
          .map { $0 * 1 }
      }, x, y, groups: 1)
  }
}

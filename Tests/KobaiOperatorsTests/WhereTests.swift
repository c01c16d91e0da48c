import Kobai
import KobaiTestSupport
import Testing

@Suite struct WhereTests {
  @Test func takesFromEither() {
    let z = Tensor.where(Tensor([true, false]), Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
    #expect(difference(z, Tensor([1.0, 4.0])) == nil)
  }

  @Test func broadcastsAndPromotes() {
    let z = Tensor.where(Tensor([[true], [false]]), 1, Tensor([3.0, 4.0]))
    #expect(difference(z, Tensor([[1.0, 1.0], [3.0, 4.0]])) == nil)
  }

  @Test func wantsBools() {
    let message = misuseMessage { Tensor.where(Tensor([1, 0]), 1, 2) }
    #expect(message?.contains("expected condition to be a bool") == true)
  }
}

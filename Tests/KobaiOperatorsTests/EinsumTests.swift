import Kobai
import KobaiTestSupport
import Testing

@Suite struct EinsumTests {
  /// A repeated letter reads the diagonal alone: what lies beside it does not spread.
  @Test func elementsBesideTheDiagonalDoNotCount() {
    let x = Tensor([[1.0, .nan], [.infinity, 2.0]])
    #expect(einsum("ii", x).item() == 3)
    #expect(einsum("ii->i", x).array(as: Double.self) == [1, 2])
    let y = Tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    #expect(einsum("...ii->...i", y).array(as: Int.self) == [1, 4, 5, 8])
    #expect(einsum("iji->j", y).array(as: Int.self) == [1 + 6, 3 + 8])
    #expect(einsum("iii->", y).item(as: Int.self) == 9)
    #expect(einsum("iij,j->i", y, Tensor([1, 10])).array(as: Int.self) == [21, 87])
  }

  @Test func theGradientOfADiagonal() {
    let x = Tensor([[1.0, 2.0], [3.0, 4.0]], requiresGrad: true)
    einsum("ii->i", x * x).sum().backward()
    #expect(x.grad?.array(as: Double.self) == [2, 0, 0, 8])
  }

  @Test func aRepeatedLetterNeedsEqualSizes() {
    let message = misuseMessage { einsum("ii->i", Tensor.ones([2, 3])) }
    #expect(
      message?.contains("is repeated for operand 0 but the sizes don't match, 3 != 2") == true)
  }
}

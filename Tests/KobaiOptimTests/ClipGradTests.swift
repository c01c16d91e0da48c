import Kobai
import KobaiTestSupport
import Testing

@Suite("clipping of gradients")
struct ClipGradTests {
  private func parameters() -> [Tensor] {
    let parameters = live([Tensor.zeros([2]), Tensor.zeros([1, 2]), Tensor.zeros([3])])
    parameters[0].grad = Tensor([3.0, -4.0])
    parameters[1].grad = Tensor([[0.0, 12.0]])
    return parameters
  }

  @Test func norm() {
    let parameters = parameters()
    #expect(gradNorm(parameters).item() == 13)
    #expect(gradNorm(parameters, normType: 1).item() == 19)
    #expect(gradNorm(parameters, normType: .infinity).item() == 12)
    #expect(gradNorm([parameters[2]]).item() == 0)
    #expect(clipGradNorm(parameters, maxNorm: 6.5).item() == 13)
    #expect(abs(gradNorm(parameters).item() - 6.5) < 1e-5)
    #expect(parameters[2].grad == nil)
    let before = parameters[0].grad?.bytes
    clipGradNorm(parameters, maxNorm: 100)
    #expect(parameters[0].grad?.bytes == before)
  }

  @Test func value() {
    let parameters = parameters()
    clipGradValue(parameters, clipValue: 3.5)
    #expect(parameters[0].grad?.array(as: Float.self) == [3, -3.5])
    #expect(parameters[1].grad?.array(as: Float.self) == [0, 3.5])
  }

  @Test func aNormThatIsNotFinite() {
    let parameters = parameters()
    parameters[0].grad = Tensor([Double.nan, 1])
    let message = misuseMessage {
      clipGradNorm(parameters, maxNorm: 1, errorIfNonfinite: true)
    }
    #expect(message?.contains("non-finite, so it cannot be clipped") == true)
    #expect(clipGradNorm(parameters, maxNorm: 1).item().isNaN)
  }
}

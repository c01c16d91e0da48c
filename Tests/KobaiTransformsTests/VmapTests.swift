import Kobai
import KobaiTestSupport
import Testing

@Suite struct VmapTests {
  @Test func dotProductOfRows() {
    let dots = vmap({ [($0[0] * $0[1]).sum()] }, inAxes: [0, nil])
    let result = dots([Tensor([[1, 2], [3, 4]]), Tensor([1, 1])])
    #expect(difference(result[0], Tensor([3, 7])) == nil)
  }

  @Test func outAxis() {
    let x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    let result = vmap({ [$0[0] * 2] }, outAxis: 1)([x])
    #expect(difference(result[0], (x * 2).mT) == nil)
  }

  @Test func batchAxesMustAgree() {
    let message = misuseMessage { vmap { [$0[0] + $0[1]] }([Tensor.ones([2]), Tensor.ones([3])]) }
    #expect(message?.contains("disagree about the batch: 2 and 3") == true)
  }

  @Test func aTensorMustNotLeaveItsTransform() {
    let message = misuseMessage {
      var escaped = Tensor(0.0)
      _ = vmap {
        escaped = $0[0]
        return [$0[0]]
      }([Tensor([1.0, 2.0])])
      _ = escaped + 1
    }
    #expect(message?.contains("used after its closure has returned") == true)
  }
}

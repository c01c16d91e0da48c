import Kobai
import KobaiTestSupport
import Testing

@Suite struct RecoveringTests {
  @Test func aMisuseIsThrown() {
    #expect(throws: Misuse.self) { try recovering { Tensor.ones([2]) + Tensor.ones([3]) } }
  }

  @Test func theFirstMisuseCounts() {
    let message = misuseMessage {
      let bad = Tensor.ones([2, 3]).reshape([5])
      let worse = bad.permute([7, 8, 9])
      return worse.size(4)
    }
    #expect(message?.hasPrefix("reshape:") == true)
  }

  @Test func resultsPassThrough() throws {
    let sum = try recovering { Tensor([1.0, 2.0]).sum().item() }
    #expect(sum == 3)
  }

  @Test func thrownErrorsPassThrough() {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try recovering {
        _ = Tensor.ones([2]) + Tensor.ones([3])
        throw Stop()
      }
    }
  }

  @Test func blocksNest() throws {
    let inner = try recovering { misuseMessage { Tensor.ones([2]).reshape([5]) } }
    #expect(inner?.hasPrefix("reshape:") == true)
    let outer = misuseMessage {
      _ = misuseMessage { Tensor.ones([2]).reshape([5]) }
      return Tensor.ones([2]).permute([1])
    }
    #expect(outer?.hasPrefix("permute:") == true)
  }

  @Test func whatFollowsAMisuseIsPoisoned() {
    #expect(throws: Misuse.self) {
      try recovering {
        let bad = Tensor.ones([2]) + Tensor.ones([3])
        #expect(bad.isPoisoned && (bad * 2).sum().isPoisoned)
        #expect(bad.shape == [])
        #expect(bad.item().isNaN)
        #expect(bad.item(as: Int.self) == 0)
        #expect(bad.array(as: Float.self).isEmpty)
        #expect(bad.bytes.isEmpty)
        bad.backward()
        #expect(bad.grad == nil)
        var leaf = bad
        leaf.requiresGrad = true
        #expect(leaf.isPoisoned)
      }
    }
  }

  @Test func aPoisonedTensorStaysSoOutside() {
    var kept = Tensor(0.0)
    _ = try? recovering { kept = Tensor.ones([2]).reshape([5]) }
    #expect(kept.isPoisoned)
    let message = misuseMessage { kept + 1 }
    #expect(message?.contains("the result of an operation that failed inside recovering") == true)
  }

  // A misuse outside of recovering ends the program with its message.

  @Test func aMisuseOutsideEndsTheProgram() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor.ones([2, 3]) + Tensor.ones([2, 4])
    }
    expect(result, says: "add: shapes do not broadcast: [2, 3], [2, 4]")
  }

  @Test func aSecondBackwardEndsTheProgram() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let x = Tensor(3.0, requiresGrad: true)
      let y = x * x
      y.backward()
      y.backward()
    }
    expect(result, says: "backward through the graph a second time")
  }

  @Test func anIntegerLeafEndsTheProgram() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor(3, requiresGrad: true)
    }
    expect(result, says: "Only Tensors of floating point and complex dtype can require gradients")
  }

  private func expect(_ result: ExitTest.Result?, says text: String) {
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains(text), "\(message)")
  }
}

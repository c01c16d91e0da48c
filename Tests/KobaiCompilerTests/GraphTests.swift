import Kobai
import KobaiTestSupport
import Testing

@Suite struct GraphTests {
  @Test func printsOneLinePerStep() {
    let graph = makeGraph({ [($0[0] * $0[0]).sum()] }, [TensorType(.float32, [3])])
    #expect(
      "\(graph)" == """
        (%0: float32[3])
        %1: float32[3] = mul %0 %0
        %2: float32[] = sum %1
        return %2
        """)
  }

  @Test func takesOnlyTheTypesItWasTracedFor() {
    let graph = makeGraph({ [$0[0] + 1] }, [TensorType(.float32, [3])])
    let message = misuseMessage { graph([Tensor.ones([4])]) }
    #expect(message?.contains("was traced for inputs") == true)
  }

  @Test func elementsAreNotKnownWhileTracing() {
    let message = misuseMessage {
      makeGraph({ $0[0].item() > 0 ? [$0[0]] : [] }, [TensorType(.float32, [])])
    }
    #expect(message?.contains("the elements of a tensor inside makeGraph are not known") == true)
  }
}

import Kobai
import KobaiTestSupport
import Testing

/// Inside `recovering { }` no call can stop the program, whatever came before it.
@Suite struct PoisonTests {
  @Test(arguments: LawTests.names) func everyOperationTakesPoison(_ name: String) {
    for lawCase in LawCase.all(of: name) {
      let inputs = lawCase.inputs()
      for i in inputs.indices {
        var some = inputs
        some[i] = .poison
        #expect(throws: Misuse.self) {
          try recovering { touch(misused() + lawCase.sample.call(some)) }
        }
      }
      let all = inputs.map { _ in Tensor.poison }
      #expect(throws: Misuse.self) {
        try recovering { touch(misused() + lawCase.sample.call(all)) }
      }
    }
  }

  private func misused() -> [Tensor] { [Tensor.ones([2]) + Tensor.ones([3])] }

  /// Whatever a program may do with a result.
  private func touch(_ results: [Tensor]) {
    for result in results {
      _ = (result.shape, result.dtype, result.count, result.item(), result.array(as: Int.self))
      _ = ("\(result)", result.bytes, result.isPoisoned, result.grad, result.requiresGrad)
      _ = (result.size(0), result.strides, result.detach(), result.type, result.to(.int32))
      _ = result.item(as: Bool.self)
      (result * 2).sum().backward()
      _ = Tensor.gradients(of: result, wrt: result)
      result.withSpan(as: Double.self) { _ = $0.count }
      _ = vmap { $0 }([result])
      _ = jvp({ $0 }, [result], [result])
      _ = makeGraph({ [$0[0] + result] }, [TensorType(.float32, [])])([Tensor(1.0)])
    }
  }
}

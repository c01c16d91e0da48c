import Kobai
import KobaiTestSupport
import Testing

@Suite struct HookTests {
  @Test func aHookSeesTheWholeGradientOnce() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    var seen: [Double] = []
    y.registerHook { seen.append($0.item()) }
    (y * 2 + y * 5).backward()
    #expect(seen == [7])
    #expect(x.grad?.item() == 42)
  }

  @Test func aHookMayReplaceTheGradient() {
    let x = Tensor(3.0, requiresGrad: true)
    x.registerHook { $0 * 2 }
    x.registerHook { $0 + 1 }
    (x * x).backward()
    #expect(x.grad?.item() == 13)
  }

  @Test func aRemovedHookIsNotCalled() {
    let x = Tensor(3.0, requiresGrad: true)
    var calls = 0
    let handle = x.registerHook { _ in calls += 1 }
    (x * x).backward()
    handle.remove()
    handle.remove()
    (x * x).backward()
    #expect(calls == 1)
  }

  @Test func hooksKeepTheType() {
    let message = misuseMessage {
      let x = Tensor(3.0, requiresGrad: true)
      x.registerHook { _ in Tensor([1.0, 2.0]) }
      (x * x).backward()
    }
    #expect(message?.contains("has changed the type of its gradient") == true)
  }

  @Test func hooksNeedAGraph() {
    let message = misuseMessage { Tensor(3.0).registerHook { $0 * 2 } }
    #expect(message?.contains("cannot register a hook on a tensor that doesn't require") == true)
  }

  @Test func aHookMayRunBackwardItself() {
    let x = Tensor(3.0, requiresGrad: true)
    let w = Tensor(2.0, requiresGrad: true)
    let y = x * x
    y.registerHook { _ in (w * w).backward() }
    (y * y).backward()
    #expect(x.grad?.item() == 108)
    #expect(w.grad?.item() == 4)
  }

  @Test func intermediateGradientsCanBeKept() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    y.retainGrad()
    #expect(y.retainsGrad)
    (y * y).backward(retainGraph: true)
    #expect(y.grad?.item() == 18)
    (y + 0).backward(retainGraph: true)
    #expect(y.grad?.item() == 19)
    #expect(misuseMessage { Tensor(1.0).retainGrad() }?.contains("can't retain_grad") == true)
  }

  @Test func theGraphCanBeWalked() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x.exp() * x
    #expect(x.gradFn == nil)
    #expect(y.gradFn?.name == "MulBackward0")
    #expect(y.gradFn?.nextFunctions.map(\.name) == ["ExpBackward0", "AccumulateGrad"])
    let leaf = y.gradFn?.nextFunctions[0].nextFunctions[0]
    #expect(leaf?.name == "AccumulateGrad")
    #expect(leaf?.variable?.item() == 3)
    #expect(leaf == y.gradFn?.nextFunctions[1])
    #expect(y.gradFn?.savedTensors.count == 2)
    y.backward()
    #expect(y.gradFn?.savedTensors.isEmpty == true)
    #expect(Tensor(1.0).gradFn == nil)
  }

  /// A hook may compute with tracked tensors: the gradient itself has no history of it.
  @Test func aReplacedGradientHasNoHistory() {
    let w = Tensor(2.0, requiresGrad: true)
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    x.registerHook { $0 * w }
    y.retainGrad()
    y.registerHook { $0 * w }
    (y * 2).backward()
    #expect(x.grad?.item() == 48)
    #expect(x.grad?.requiresGrad == false)
    #expect(y.grad?.item() == 4)
    #expect(y.grad?.requiresGrad == false)
  }
}

import Kobai
import KobaiTestSupport
import Testing

@Suite(.ownGenerator) struct JITTests {
  @Test func replaysWithoutTheClosure() {
    var calls = 0
    let f = jit { (x: Tensor) -> Tensor in
      calls += 1
      return (x * 2).exp() + 1
    }
    let x = Tensor([1.0, 2.0])
    for _ in 0..<3 { #expect(f(x).bytes == ((x * 2).exp() + 1).bytes) }
    #expect(calls == 1)
    #expect(f(Tensor([0.5, 4.0])).bytes == ((Tensor([0.5, 4.0]) * 2).exp() + 1).bytes)
    #expect(calls == 1 && f.traceCount == 1)
  }

  @Test func otherTypesAreTracedAgainAndSaidWhy() {
    let f = jit { (x: Tensor, n: Int) in x * Tensor(n) }
    _ = f(Tensor([1.0]), 2)
    _ = f(Tensor([1.0, 2.0]), 2)
    _ = f(Tensor([1.0, 2.0]), 3)
    _ = f(Tensor([1.0, 2.0], dtype: .float64), 3)
    _ = f(Tensor([1.0]), 2)
    #expect(f.traceCount == 4)
    #expect(f.recompilations.count == 3)
    #expect(f.recompilations[0] == "argument 0 is float32[2] where it was float32[1]")
    #expect(f.recompilations[1].contains("the scalars or the structure"))
    #expect(f(Tensor([1.0, 2.0]), 3).array(as: Double.self) == [3, 6])
  }

  @Test func structuresInAndOut() {
    struct Pair: Tree { var a: Tensor; var b: [Tensor] }
    let f = jit { (p: Pair, s: Tensor) in (Pair(a: p.b[0] * s, b: [p.a]), ["s": s + 1]) }
    for _ in 0..<2 {
      let (p, d) = f(Pair(a: Tensor([1.0]), b: [Tensor([2.0, 3.0])]), 10.0)
      #expect(p.a.array(as: Double.self) == [20, 30])
      #expect(p.b[0].array(as: Double.self) == [1])
      #expect(d["s"]?.item() == 11)
    }
  }

  @Test func elementsCannotBeRead() {
    let f = jit { (x: Tensor) in x.item() > 0 ? x : -x }
    let message = misuseMessage { f(Tensor(1.0)) }
    #expect(message?.contains("the elements of a tensor inside jit (JITTests.swift:") == true)
    #expect(message?.contains("where instead of if") == true)
  }

  @Test func statesAreReadAndWritten() {
    let count = Tensor(0.0).asState(requiresGrad: false)
    let f = jit { (x: Tensor) -> Tensor in
      count.data = count + 1
      return x * count
    }
    #expect(f(10.0).item() == 10)
    #expect(f(10.0).item() == 20)
    count.data = Tensor(5.0)
    #expect(f(10.0).item() == 60)
    #expect(count.item() == 6 && f.traceCount == 1)
  }

  /// The scalar program of every introduction: x ← x − η d/dx (x² + e^{−x}).
  @Test func aTrainingStepAsItIsWritten() {
    func train(_ steps: Int, compiled: Bool) -> (Tensor, [UInt8]) {
      let x = Tensor(2.0, requiresGrad: true)
      func body() -> Tensor {
        let y = x ** 2 + (-x).exp()
        x.zeroGrad()
        y.backward()
        noGrad { x.data = x - 0.1 * x.grad! }
        return y
      }
      let step = jit { () -> Tensor in body() }
      var loss = Tensor(0.0)
      for _ in 0..<steps { loss = compiled ? step() : body() }
      #expect(!compiled || step.traceCount == 1)
      return (loss, x.detach().bytes + (x.grad?.bytes ?? []))
    }
    let (eager, compiled) = (train(20, compiled: false), train(20, compiled: true))
    #expect(eager.0.detach().bytes == compiled.0.detach().bytes)
    #expect(eager.1 == compiled.1)
  }

  @Test func whatBackwardHasGoneThroughIsNotDifferentiatedAgain() {
    let w = Tensor(2.0, requiresGrad: true)
    let f = jit { (x: Tensor) -> Tensor in
      let loss = w * w + x
      loss.backward()
      return loss
    }
    #expect(!f(1.0).requiresGrad)
    #expect(f(1.0).item() == 5)
  }

  @Test func gradientsAccumulateAsInEager() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let f = jit { (s: Tensor) -> Tensor in
      let y = (x * x * s).sum()
      y.backward()
      return y
    }
    _ = f(1.0)
    #expect(x.grad?.array(as: Double.self) == [2, 4])
    _ = f(10.0)
    #expect(x.grad?.array(as: Double.self) == [22, 44])
    _ = f(1.0)
    #expect(x.grad?.array(as: Double.self) == [24, 48])
    #expect(f.traceCount == 2)
    #expect(f.recompilations[0].contains("the gradient of a parameter"))
  }

  @Test func resultsCanBeDifferentiated() {
    let w = Tensor([2.0, 3.0], requiresGrad: true)
    let f = jit { (x: Tensor) in (w * x).sum().exp() }
    let x = Tensor([0.5, 0.25], requiresGrad: true)
    for _ in 0..<2 {
      w.zeroGrad()
      x.zeroGrad()
      f(x).backward()
      let (cw, cx) = (w.grad?.bytes, x.grad?.bytes)
      w.zeroGrad()
      x.zeroGrad()
      (w * x).sum().exp().backward()
      #expect(cw == w.grad?.bytes && cx == x.grad?.bytes)
    }
    #expect(f.traceCount == 1)
    #expect(!noGrad { f(x) }.requiresGrad)
    #expect(f(x.detach()).requiresGrad)
  }

  @Test func randomNumbersAreThoseOfEager() {
    let generator = Generator(seed: 7)
    func body(_ x: Tensor) -> Tensor {
      x.dropout(p: 0.5, generator: generator) + Tensor.rand([3], generator: generator)
    }
    let f = jit { (x: Tensor) in body(x) }
    let x = Tensor([1.0, 2.0, 3.0])
    generator.manualSeed(3)
    let expected = [body(x).bytes, body(x).bytes, body(x).bytes]
    generator.manualSeed(3)
    #expect([f(x).bytes, f(x).bytes, f(x).bytes] == expected)
  }

  @Test func theDerivativeOfARandomFunctionUsesItsNumbers() {
    let f = jit { (x: Tensor) in x.dropout(p: 0.5, generator: Generator(seed: 4)) }
    let x = Tensor.ones([64], requiresGrad: true)
    let y = f(x)
    y.sum().backward()
    #expect(x.grad?.bytes == y.detach().bytes)
  }

  @Test func transformsOutsideAndInside() {
    let f = jit { (x: Tensor) in (x ** 3).sum() }
    let x = Tensor([1.0, 2.0], dtype: .float64)
    #expect(grad(f.function)(x).array(as: Double.self) == [3, 12])
    let g = jit { (x: Tensor) in vmap(grad { (x: Tensor) in x ** 3 })(x) }
    for _ in 0..<2 { #expect(g(x).array(as: Double.self) == [3, 12]) }
    #expect(g.traceCount == 1)
    let h = jit { (x: Tensor) in hessian { (x: Tensor) in (x ** 3).sum() }(x) }
    for _ in 0..<2 { #expect(h(x).array(as: Double.self) == [6, 0, 0, 12]) }
  }

  @Test func theGraphUnderVmapDoesNotGrow() {
    func steps(_ batch: Int) -> Int {
      let f = { (x: Tensor) in vmap(grad { (x: Tensor) in (x.tanh() * x).sum() })(x) }
      return makeGraph({ [f($0[0])] }, [TensorType(.float32, [batch, 3])]).steps.count
    }
    #expect(steps(2) == steps(512))
  }

  @Test func constantsAndLeavesOfTheClosure() {
    let captured = Tensor([1.0, 2.0])
    let f = jit { (x: Tensor) -> Tensor in
      let w = Tensor([3.0, 4.0], requiresGrad: true)
      ((w * captured * x).sum()).backward()
      return w.grad!
    }
    for _ in 0..<2 { #expect(f(2.0).array(as: Double.self) == [2, 4]) }
    #expect(f.traceCount == 1)
  }

  @Test func statesMadeByTheFirstCall() {
    final class Counter { var state: Tensor? }
    let counter = Counter()
    let f = jit { (x: Tensor) -> Tensor in
      if counter.state == nil { counter.state = Tensor.zeros([1]).asState(requiresGrad: false) }
      let state = counter.state!
      state.data = state + x
      return state + 0
    }
    #expect([f(1.0), f(2.0), f(3.0), f(4.0)].map { $0.item() } == [1, 3, 6, 10])
    #expect(counter.state?.item() == 10)
    #expect(f.traceCount == 2)
  }

  @Test func nestedCallsRunInside() {
    let inner = jit { (x: Tensor) in x * 2 }
    let outer = jit { (x: Tensor) in inner(x) + 1 }
    #expect(outer(3.0).item() == 7 && outer(4.0).item() == 9)
    #expect(inner.traceCount == 0)
  }

  @Test func detachedAndFrozen() {
    var w = Tensor(2.0, requiresGrad: true)
    let f = jit { (x: Tensor) -> Tensor in w * x }
    #expect(f(3.0).requiresGrad)
    w.requiresGrad = false
    #expect(!f(3.0).requiresGrad)
    #expect(f.recompilations == ["a parameter of type float32[] no longer requires grad"])
  }

  @Test func misuseInsideLeavesNothingBehind() {
    let w = Tensor([1.0, 2.0], requiresGrad: true)
    let f = jit { (x: Tensor) -> Tensor in
      noGrad { w.data = w * 2 }
      return w.matmul(x)
    }
    #expect(misuseMessage { f(Tensor([1.0, 2.0, 3.0])) }?.contains("matmul") == true)
    #expect(w.array(as: Double.self) == [1, 2])
    #expect(f(Tensor([1.0, 1.0])).item() == 6)
  }
}

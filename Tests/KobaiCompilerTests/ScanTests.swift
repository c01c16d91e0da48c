import Kobai
import KobaiTestSupport
import Testing

/// `scan`, `foriLoop` and `cond` inside of traces, against the Swift loops that they are outside.
@Suite(.ownGenerator) struct ScanTests {
  private func recurrence(_ w: Tensor, _ xs: Tensor, reverse: Bool = false) -> (Tensor, Tensor) {
    scan(
      { (h: Tensor, x: Tensor) -> (Tensor, Tensor) in
        let next = (h.matmul(w) + x).tanh()
        return (next, next * x)
      }, Tensor.zeros([3], dtype: xs.dtype), xs, reverse: reverse)
  }
  private let w = Tensor.randn([3, 3], dtype: .float64) * 0.5
  private let xs = Tensor.randn([7, 3], dtype: .float64)

  @Test(arguments: [false, true]) func isOneStep(_ reverse: Bool) {
    let f = jit { (w: Tensor, xs: Tensor) in recurrence(w, xs, reverse: reverse) }
    let (last, all) = recurrence(w, xs, reverse: reverse)
    for _ in 0..<3 {
      let got = f(w, xs)
      #expect(got.0.bytes == last.bytes && got.1.bytes == all.bytes)
    }
    func steps(_ count: Int) -> Int {
      f.inspect(w, Tensor.randn([count, 3], dtype: .float64)).graph.steps.count
    }
    #expect(steps(4) == steps(400))
  }

  @Test(arguments: [false, true]) func isDifferentiated(_ reverse: Bool) {
    func loss(_ w: Tensor, _ xs: Tensor) -> Tensor {
      let (last, all) = recurrence(w, xs, reverse: reverse)
      return last.sum() + (all * all).sum()
    }
    let expected = [
      grad { (w: Tensor) in loss(w, xs) }(w), grad { (xs: Tensor) in loss(w, xs) }(xs),
    ]
    let near = Tolerance(relative: 1e-12, absolute: 1e-13)
    let ofW = jit { (w: Tensor, xs: Tensor) in grad { (w: Tensor) in loss(w, xs) }(w) }
    let ofXs = jit { (w: Tensor, xs: Tensor) in grad { (xs: Tensor) in loss(w, xs) }(xs) }
    for _ in 0..<2 {
      #expect(difference(ofW(w, xs), expected[0], near) == nil)
      #expect(difference(ofXs(w, xs), expected[1], near) == nil)
    }
    // Results of a compiled function, and second order.
    let leaf = w.clone().asState(requiresGrad: true)
    let compiled = jit { (xs: Tensor) in loss(leaf, xs) }
    compiled(xs).backward()
    #expect(difference(leaf.grad ?? .poison, expected[0], near) == nil)
    let v = Tensor.randn([3, 3], dtype: .float64)
    let second = { (w: Tensor) in
      grad { (w: Tensor) in (grad { (w: Tensor) in loss(w, xs) }(w) * v).sum() }(w)
    }
    let tangent = { (w: Tensor) in
      jvp({ (w: Tensor) in grad { (w: Tensor) in loss(w, xs) }(w) }, w, v).tangent
    }
    #expect(difference(jit(second)(w), second(w), near) == nil)
    #expect(difference(jit(tangent)(w), second(w), near) == nil)
  }

  @Test func isBatched() {
    let many = Tensor.randn([4, 7, 3], dtype: .float64)
    let near = Tolerance(relative: 1e-12, absolute: 1e-13)
    let each = Tensor.stack((0..<4).map { recurrence(w, many[$0]).1 })
    let f = jit { (w: Tensor, many: Tensor) in vmap { (xs: Tensor) in recurrence(w, xs).1 }(many) }
    for _ in 0..<2 { #expect(difference(f(w, many), each, near) == nil) }
    let gradients = jit { (w: Tensor, many: Tensor) in
      vmap { (xs: Tensor) in grad { (w: Tensor) in recurrence(w, xs).0.sum() }(w) }(many)
    }
    let expected = Tensor.stack(
      (0..<4).map { i in grad { (w: Tensor) in recurrence(w, many[i]).0.sum() }(w) })
    #expect(difference(gradients(w, many), expected, near) == nil)
  }

  @Test func anEpochOfTrainingSteps() {
    func train(_ compiled: Bool) -> (bytes: [[UInt8]], steps: [Int]) {
      let generator = Generator(seed: 3)
      let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 2))
      for p in net.parameters { p.data = Tensor.rand(p.shape, generator: generator) - 0.5 }
      let optimizer = Adam(net.parameters, lr: 0.01)
      func epoch(_ xs: Tensor, _ ys: Tensor) -> Tensor {
        scan(
          { (count: Tensor, batch: [Tensor]) -> (Tensor, Tensor) in
            let loss = crossEntropy(net(batch[0]), batch[1])
            optimizer.zeroGrad()
            loss.backward()
            optimizer.step()
            return (count + 1, loss.detach())
          }, Tensor(0), [xs, ys]
        ).1
      }
      func data(_ count: Int) -> (Tensor, Tensor) {
        let generator = Generator(seed: 4)
        return (
          Tensor.randn([count, 5, 4], generator: generator),
          Tensor.randint(2, [count, 5], generator: generator)
        )
      }
      let f = jit { (xs: Tensor, ys: Tensor) in epoch(xs, ys) }
      let (xs, ys) = data(10)
      var results: [[UInt8]] = []
      for _ in 0..<3 { results.append((compiled ? f(xs, ys) : epoch(xs, ys)).bytes) }
      results += net.parameters.map { $0.detach().bytes }
      let steps: [Int] = (compiled ? [10, 50] : []).map { count in
        let (xs, ys) = data(count)
        return f.inspect(xs, ys).graph.steps.count
      }
      return (results, steps)
    }
    let (eager, compiled) = (train(false), train(true))
    #expect(eager.bytes == compiled.bytes)
    #expect(compiled.steps.first == compiled.steps.last)
  }

  @Test func randomRounds() {
    let generator = Generator(seed: 9)
    func body(_ x: Tensor) -> Tensor {
      scan(
        { (h: Tensor, x: Tensor) -> (Tensor, Tensor) in
          let next = (h + x).dropout(p: 0.5, generator: generator)
          return (next, next)
        }, Tensor.zeros([3]), x
      ).1
    }
    let x = Tensor.ones([6, 3])
    generator.manualSeed(1)
    let expected = [body(x).bytes, body(x).bytes]
    let f = jit { (x: Tensor) in body(x) }
    generator.manualSeed(1)
    #expect([f(x).bytes, f(x).bytes] == expected)
  }

  @Test func countedLoops() {
    func f(_ x: Tensor, _ count: Int) -> Tensor {
      foriLoop(0, count, { (i: Tensor, y: Tensor) in y * x + i.to(x.dtype) }, x)
    }
    let x = Tensor(1.5, dtype: .float64)
    let compiled = jit { (x: Tensor) in f(x, 5) }
    for _ in 0..<2 { #expect(compiled(x).bytes == f(x, 5).bytes) }
    let slope = jit { (x: Tensor) in grad { (x: Tensor) in f(x, 5) }(x) }
    #expect(
      difference(
        slope(x), grad { (x: Tensor) in f(x, 5) }(x), Tolerance(relative: 1e-12)) == nil)
  }

  @Test func onlyTheChosenBranchRuns() {
    let x = Tensor([3.0, -1.0])
    let generator = Generator(seed: 1)
    let f = jit { (x: Tensor) in
      cond(
        x.sum() > 0, { (x: Tensor) in x * 2 },
        { (x: Tensor) in x + Tensor.rand([2], generator: generator) }, x)
    }
    let first = Tensor.rand([2], generator: Generator(seed: 1))
    for _ in 0..<3 { #expect(f(x).bytes == (x * 2).bytes) }
    // Had the other branch run, its generator would have moved on.
    #expect(f(-x).bytes == (-x + first).bytes)
    func g(_ x: Tensor) -> Tensor {
      cond(x.sum() > 0, { (x: Tensor) in (x * x).sum() }, { (x: Tensor) in x.exp().sum() }, x)
    }
    let slope = jit { (x: Tensor) in grad(g)(x) }
    let second = jit { (x: Tensor) in hessian(g)(x) }
    for x in [Tensor([1.0, 2.0]), Tensor([-1.0, -2.0])] {
      #expect(slope(x).bytes == grad(g)(x).bytes)
      #expect(difference(second(x), hessian(g)(x), .roundings(.float32)) == nil)
    }
    let rows = Tensor([[1.0, 2.0], [-1.0, -2.0]])
    #expect(jit { (x: Tensor) in vmap(g)(x) }(rows).bytes == vmap(g)(rows).bytes)
    #expect(
      jit { (x: Tensor) in vmap(grad(g))(x) }(rows).bytes == vmap(grad(g))(rows).bytes)
  }

  @Test func aCarryOfAnotherTypeIsRefused() {
    let f = jit { (x: Tensor) in
      scan({ (h: Tensor, x: Tensor) in (h.unsqueeze(0), x) }, Tensor(0.0), x).1
    }
    #expect(misuseMessage { f(Tensor([1.0, 2.0])) }?.contains("must keep the types") == true)
  }
}

import Kobai
import KobaiTestSupport
import Testing

@Suite struct ControlFlowTests {
  @Test func scanSums() {
    let (total, sums) = scan(
      { (sum: Tensor, x: Tensor) in (sum + x, sum + x) }, Tensor(0.0), Tensor([1.0, 2.0, 3.0]))
    #expect(total.item() == 6)
    #expect(sums.array(as: Double.self) == [1, 3, 6])
    let back = scan(
      { (sum: Tensor, x: Tensor) in (sum + x, sum + x) }, Tensor(0.0), Tensor([1.0, 2.0, 3.0]),
      reverse: true)
    #expect(back.1.array(as: Double.self) == [6, 5, 3])
    let slope = grad { (x: Tensor) in
      scan({ (p: Tensor, x: Tensor) in (p * x, p) }, Tensor(1.0), x).0
    }(Tensor([2.0, 3.0, 4.0]))
    #expect(slope.array(as: Double.self) == [12, 8, 6])
  }

  @Test func foriLoops() {
    #expect(foriLoop(0, 5, { _, x in x * 2 }, Tensor(1.0)).item() == 32)
    #expect(foriLoop(3, 3, { _, x in x * 2 }, Tensor(1.0)).item() == 1)
    #expect(
      grad { (x: Tensor) in foriLoop(0, 3, { i, y in y * x + Tensor(i) }, x) }(2.0).item() == 33)
  }

  @Test func whileLoops() {
    func f(_ x: Tensor) -> Tensor { whileLoop({ (x: Tensor) in x < 100 }, { x in x * 3 }, x) }
    #expect(f(1.0).item() == 243)
    let compiled = jit { (x: Tensor) in f(x) }
    #expect(compiled(1.0).item() == 243 && compiled(50.0).item() == 150)
    #expect(compiled(500.0).item() == 500 && compiled.traceCount == 1)
    let all = vmap(f)(Tensor([1.0, 50.0, 500.0]))
    #expect(all.array(as: Double.self) == [243, 150, 500])
    // What is captured may differ between examples too.
    let limits = vmap { (limit: Tensor) in
      whileLoop({ (x: Tensor) in x < limit }, { x in x * 2 }, Tensor(1.0))
    }(Tensor([3.0, 17.0]))
    #expect(limits.array(as: Double.self) == [4, 32])
    let message = misuseMessage { compiledGradient() }
    #expect(message?.contains("use scan or foriLoop") == true)
    func compiledGradient() -> Tensor { jit { (x: Tensor) in grad(f)(x) }(1.0) }
  }

  @Test func forwardModeOfWhileLoops() {
    // Rounds double x and add what is captured; the number of them depends on x and is carried too.
    func f(_ x: Tensor, _ c: Tensor) -> Tensor {
      let (y, n) = whileLoop(
        { (s: [Tensor]) in s[0].sum() < 100 },
        { s in [s[0] * 2 + c * s[0], s[1] + 1] }, [x, Tensor(0)]
      ).asPair
      return y * (n + 1)
    }
    func derivative(_ x: Tensor, _ c: Tensor) -> (Tensor, Tensor) {
      jvp(f, (x, c), (Tensor([1.0, 0.5]), Tensor([0.25, -1.0])))
    }
    let compiled = jit { (x: Tensor, c: Tensor) in derivative(x, c) }
    let c = Tensor([0.5, 0.25])
    for x in [Tensor([1.0, 2.0]), Tensor([30.0, 50.0]), Tensor([200.0, 1.0])] {
      let (y, dy) = derivative(x, c)
      for _ in 0..<3 {
        let (z, dz) = compiled(x, c)
        #expect(z.bytes == y.bytes && dz.bytes == dy.bytes)
      }
    }
    #expect(compiled.traceCount == 1)
    // Only what is carried, only what is captured; a batch.
    let one = Tensor([1.0, 2.0])
    let byX = jvp({ (x: Tensor) in f(x, c) }, one, one).tangent
    let byC = jvp({ (c: Tensor) in f(one, c) }, c, one).tangent
    #expect(jit { (x: Tensor) in jvp({ f($0, c) }, x, x).tangent }(one).bytes == byX.bytes)
    #expect(jit { (c: Tensor) in jvp({ f(one, $0) }, c, one).tangent }(c).bytes == byC.bytes)
    let batch = Tensor([[1.0, 2.0], [30.0, 50.0]])
    let rows = vmap { (x: Tensor) in jvp({ f($0, c) }, x, x).tangent }(batch)
    for i in 0..<2 {
      #expect(rows[i].bytes == jvp({ f($0, c) }, batch[i], batch[i]).tangent.bytes)
    }
  }

  @Test func branches() {
    func f(_ x: Tensor) -> Tensor {
      cond(x.sum() > 0, { (x: Tensor) in x * 2 }, { x in -x }, x)
    }
    #expect(f(Tensor([1.0, 2.0])).array(as: Double.self) == [2, 4])
    #expect(f(Tensor([-1.0])).array(as: Double.self) == [1])
    let compiled = jit { (x: Tensor) in f(x) }
    #expect(compiled(Tensor([3.0])).item() == 6 && compiled(Tensor([-3.0])).item() == 3)
    #expect(compiled.traceCount == 1)
    #expect(vmap(f)(Tensor([[1.0], [-1.0]])).array(as: Double.self) == [2, 1])
    #expect(
      vmap(grad { (x: Tensor) in f(x).sum() })(Tensor([[1.0], [-1.0]])).array(as: Double.self) == [
        2, -1,
      ])
  }

  @Test func checkpoints() {
    let w = Tensor([1.0, 2.0], dtype: .float64, requiresGrad: true)
    let block = { (x: Tensor) in (w * x).sin() * x }
    let x = Tensor([0.5, 0.25], dtype: .float64)
    func gradients(_ f: @escaping (Tensor) -> Tensor) -> [[UInt8]] {
      w.zeroGrad()
      let g = grad { (x: Tensor) in f(x).sum() }(x)
      f(x).sum().backward()
      return [g.detach().bytes, w.grad!.bytes]
    }
    #expect(gradients(checkpoint(block)) == gradients(block))
    let batched = vmap(checkpoint(block), inAxes: [0])(Tensor.ones([3, 2], dtype: .float64))
    #expect(difference(batched[1], block(Tensor.ones([2], dtype: .float64)).detach()) == nil)
    let compiled = jit { (x: Tensor) in checkpoint(block)(x) }
    #expect(compiled(x).detach().bytes == block(x).detach().bytes)
    // The second computation of a random function uses the first one's numbers.
    let generator = Generator(seed: 2)
    let dropped = checkpoint { (x: Tensor) in x.dropout(p: 0.5, generator: generator) }
    let ones = Tensor.ones([32], requiresGrad: true)
    let y = dropped(ones)
    y.sum().backward()
    #expect(ones.grad?.bytes == y.detach().bytes)
  }
}

extension [Tensor] {
  fileprivate var asPair: (Tensor, Tensor) { (self[0], self[1]) }
}

import Kobai
import KobaiTestSupport
import Testing

/// Replays write where the memory plan says, and nothing else.
@Suite(.ownGenerator) struct ReplayTests {
  private func chain(_ length: Int) -> Jitted<Tensor, Tensor> {
    jit { (x: Tensor) in
      var y = x
      for i in 0..<length {
        y = y.matmul(x)
        y = (y - y.mean(dim: 1, keepDim: true)) * (1 + 1 / Double(i + 2))
        y = y.softmax(dim: 1).t().contiguous()
      }
      return y.sum()
    }
  }

  @Test func allocationsDoNotGrowWithTheGraph() throws {
    let x = Tensor.randn([24, 24])
    let counts = [2, 12].map { length -> Int? in
      let f = chain(length)
      for _ in 0..<3 { _ = f(x) }
      return steadyAllocations { _ = f(x) }
    }
    guard let short = counts[0], let long = counts[1] else { return }
    #expect(short == long)
    #expect(long <= 8)
  }

  @Test func aTrainingStepAllocatesNothingForItsOperations() throws {
    #if DEBUG
      return  // What is not optimised boxes what it passes on.
    #else
      func count(_ depth: Int) -> Int? {
        let net = Sequential((0..<depth).map { _ in Linear(16, 16) })
        let optimizer = Adam(net.parameters, lr: 1e-3)
        let step = jit { (x: Tensor, y: Tensor) -> Tensor in
          let loss = mseLoss(net(x).relu(), y)
          optimizer.zeroGrad()
          loss.backward()
          optimizer.step()
          return loss
        }
        let (x, y) = (Tensor.randn([8, 16]), Tensor.randn([8, 16]))
        for _ in 0..<4 { _ = step(x, y) }
        return steadyAllocations { _ = step(x, y) }
      }
      guard let short = count(1), let long = count(6) else { return }
      #expect(short == long)
      #expect(long <= 8)
    #endif
  }

  /// What a caller holds is not written by later calls.
  @Test func resultsStayAsTheyWere() {
    let w = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    let step = jit { (x: Tensor) -> (Tensor, Tensor, Tensor, Tensor) in
      w.zeroGrad()
      let y = w * x
      let total = y.sum()
      total.backward()
      noGrad { w.data = w - 0.5 * w.grad! }
      // The last two show single elements.
      return (
        y.detach(), w.detach() * 2, total.detach().broadcast(to: [2, 3]), (x + 1).reshape([1, 1])
      )
    }
    var held: [(Tensor, [UInt8])] = []
    for i in 0..<5 {
      let (a, b, c, d) = step(Tensor(Double(i)))
      held += [a, b, c, d, w.detach(), w.grad!].map { ($0, $0.bytes) }
      #expect(d.item() == Double(i) + 1)
    }
    for (tensor, bytes) in held { #expect(tensor.bytes == bytes) }
  }

  @Test func otherStridesAreObservedAgain() {
    let f = jit { (x: Tensor) in (x * 2 + x.t()).sum(dim: 0).exp() }
    let a = Tensor.randn([5, 5])
    for x in [a, a.t(), a, a.flip([0]).t(), a.t(), Tensor.randn([5]).expand([5, 5])] {
      #expect(f(x).bytes == (x * 2 + x.t()).sum(dim: 0).exp().bytes)
    }
    #expect(f.traceCount == 1)
  }

  @Test func viewsOfInputsResultsAndConstants() {
    let constant = Tensor([[1.0, 2.0], [3.0, 4.0]])
    let f = jit { (x: Tensor) in
      let y = x + constant.t()
      return [x.t(), y[0], y.t()[1], constant[1], (y[0][1]).broadcast(to: [3]), x]
    }
    let x = Tensor([[5.0, 6.0], [7.0, 8.0]])
    let y = x + constant.t()
    let expected = [x.t(), y[0], y.t()[1], constant[1], y[0][1].broadcast(to: [3]), x]
    for _ in 0..<3 {
      for (got, expected) in zip(f(x), expected) {
        #expect(got.bytes == expected.bytes && got.shape == expected.shape)
      }
    }
  }

  @Test func aRefusedElementIsNamed() {
    let f = jit { (x: Tensor, i: Tensor) in (x * 2).gather(dim: 0, index: i) + 1 }
    let x = Tensor([1.0, 2.0])
    for _ in 0..<3 { #expect(f(x, Tensor([1])).item() == 5) }
    #expect(misuseMessage { f(x, Tensor([7])) }?.contains("index 7 is out of bounds") == true)
    #expect(f(x, Tensor([0])).item() == 3)
  }

  @Test func severalThreadsAtOnce() async {
    let f = jit { (x: Tensor) in ((x * 3).exp() - x).sum(dim: 0) }
    let inputs = (0..<8).map { Tensor.randn([64, 64]) * (1 / Double($0 + 1)) }
    let expected = inputs.map { (($0 * 3).exp() - $0).sum(dim: 0).bytes }
    _ = f(inputs[0])
    let engine = f.function
    let parallel = jit(engine)
    _ = parallel(inputs[0])
    let shared = Shared(parallel)
    let results = await withTaskGroup(of: (Int, Bool).self) { group in
      for i in 0..<8 {
        group.addTask {
          (i, (0..<50).allSatisfy { _ in shared.call(inputs[i]).bytes == expected[i] })
        }
      }
      return await group.reduce(into: [Bool]()) { $0.append($1.1) }
    }
    #expect(results.allSatisfy { $0 })
  }

  /// A compiled function is used from several threads.
  private final class Shared: @unchecked Sendable {
    private let f: Jitted<Tensor, Tensor>
    init(_ f: Jitted<Tensor, Tensor>) { self.f = f }
    func call(_ x: Tensor) -> Tensor { f(x) }
  }

  @Test func memoryIsUsedAgain() {
    let n = 1 << 18
    let f = jit { (x: Tensor) in
      var y = x
      for _ in 0..<10 { y = y.matmul(x) }
      return y.sum()
    }
    // Two results are alive at once, of ten.
    #expect(f.inspect(Tensor.randn([512, 512])).plannedBytes == 2 * 4 * n)
  }
}

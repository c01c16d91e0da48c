import Kobai
import KobaiTestSupport
import Testing

/// Whole training steps, compiled as they are written, against the same steps run eagerly, bit for bit.
@Suite(.ownGenerator) struct TrainingStepTests {
  final class Net: Module {
    let fc1 = Linear(6, 16)
    let norm = BatchNorm1d(16)
    let fc2 = Linear(16, 3)
    let generator = Generator(seed: 5)

    override init() {
      super.init()
      // Tests share the default generator: this one is the net's own.
      for parameter in parameters {
        parameter.data = Tensor.rand(parameter.shape, generator: generator) - 0.5
      }
    }

    func forward(_ x: Tensor) -> Tensor {
      fc2(relu(norm(fc1(x))).dropout(p: 0.25, training: isTraining, generator: generator))
    }
  }

  private func run(
    compiled: Bool, steps: Int, make: ([Tensor]) -> Optimizer
  ) -> (state: [[UInt8]], losses: [[UInt8]], traces: Int) {
    let net = Net()
    let x = Tensor.randn([8, 6], generator: net.generator)
    let y = Tensor([0, 1, 2, 0, 1, 2, 0, 1])
    let optimizer = make(net.parameters)
    func body(_ x: Tensor, _ y: Tensor) -> Tensor {
      let loss = crossEntropy(net(x), y)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
      return loss
    }
    let step = jit { (x: Tensor, y: Tensor) in body(x, y) }
    var losses: [[UInt8]] = []
    for _ in 0..<steps {
      losses.append((compiled ? step(x, y) : body(x, y)).detach().bytes)
    }
    let state = net.parameters + net.buffers
    return (state.map { $0.detach().bytes }, losses, step.traceCount)
  }

  private func compare(_ make: ([Tensor]) -> Optimizer) {
    let (eager, compiled) = (
      run(compiled: false, steps: 20, make: make), run(compiled: true, steps: 20, make: make)
    )
    #expect(eager.losses == compiled.losses)
    #expect(eager.state == compiled.state)
    #expect(compiled.traces == 1)
  }

  @Test func gradientDescent() { compare { SGD($0, lr: 0.1) } }
  @Test func gradientDescentWithMomentum() {
    compare { SGD($0, lr: 0.1, momentum: 0.9, weightDecay: 0.01) }
  }
  @Test func adaptiveMoments() { compare { Adam($0, lr: 0.01) } }

  @Test func evaluationModeIsAnotherTrace() {
    let drop = Dropout(0.5)
    let f = jit { (x: Tensor) in drop(x) }
    let x = Tensor.ones([64])
    #expect(f(x).bytes != x.bytes)
    drop.eval()
    #expect(f(x).bytes == x.bytes)
    #expect(f.recompilations[0].contains("the training mode of Dropout is"))
  }

  @Test func anEpochByScan() {
    let w = Tensor([0.0, 0.0], requiresGrad: true)
    let xs = Tensor([[1.0, 2.0], [3.0, 1.0], [0.5, 0.5]])
    func epoch(_ xs: Tensor) -> Tensor {
      scan(
        { (count: Tensor, x: Tensor) -> (Tensor, Tensor) in
          let loss = ((w * x).sum() - 1) ** 2
          w.zeroGrad()
          loss.backward()
          noGrad { w.data = w - 0.1 * w.grad! }
          return (count + 1, loss.detach())
        }, Tensor(0.0), xs
      ).1
    }
    let eager = [epoch(xs).bytes, epoch(xs).bytes, w.detach().bytes]
    w.data = Tensor([0.0, 0.0])
    let compiled = jit { (xs: Tensor) in epoch(xs) }
    #expect([compiled(xs).bytes, compiled(xs).bytes, w.detach().bytes] == eager)
    #expect(compiled.traceCount == 1)
  }

  @Test func functionalStep() {
    let optimizer = chain(clipByGlobalNorm(1), adam(0.05))
    let loss = { (p: [String: Tensor], x: Tensor) in
      ((p["w"]! * x).sum() + p["b"]! - 3) ** 2
    }
    func step(
      _ p: [String: Tensor], _ state: [Tensor], _ x: Tensor
    ) -> ([String: Tensor], [Tensor]) {
      let (updates, next) = optimizer.update(grad(loss)(p, x), state, p)
      return (applyUpdates(p, updates), next)
    }
    let compiled = jit { (p: [String: Tensor], s: [Tensor], x: Tensor) in step(p, s, x) }
    var a = ["w": Tensor([1.0, 2.0]), "b": Tensor(0.0)]
    var (b, sa) = (a, optimizer.initialize(a))
    var sb = sa
    let x = Tensor([0.5, -0.25])
    for _ in 0..<30 {
      (a, sa) = step(a, sa, x)
      (b, sb) = compiled(b, sb, x)
    }
    #expect(a["w"]?.bytes == b["w"]?.bytes && a["b"]?.bytes == b["b"]?.bytes)
    #expect(loss(a, x).item() < 0.5 * loss(["w": Tensor([1.0, 2.0]), "b": Tensor(0.0)], x).item())
    #expect(compiled.traceCount == 1)
  }
}

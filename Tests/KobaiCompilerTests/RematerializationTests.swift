import Kobai
import KobaiTestSupport
import Testing

@Suite(.ownGenerator) struct RematerializationTests {
  /// Activations of 1 MB, which the gradients of the next weights read.
  @Test func activationsAreComputedAgain() {
    let (rows, width) = (512, 512)
    let weights = (0..<9).map { _ in (Tensor.randn([width, width]) * 0.05) }
    func run(_ compiled: Bool) -> (gradients: [[UInt8]], inspection: Inspection?) {
      let leaves = weights.map { $0.clone().asState(requiresGrad: true) }
      func body(_ x: Tensor) -> Tensor {
        var y = x
        for w in leaves { y = y.matmul(w).gelu() }
        for w in leaves { w.grad = nil }
        let loss = y.sum()
        loss.backward()
        return loss.detach()
      }
      let step = jit { (x: Tensor) in body(x) }
      let generator = Generator(seed: 2)
      let x = Tensor.randn([rows, width], generator: generator)
      for _ in 0..<3 { _ = compiled ? step(x) : body(x) }
      return (leaves.map { $0.grad!.bytes }, compiled ? step.inspect(x) : nil)
    }
    let (eager, compiled) = (run(false), run(true))
    #expect(eager.gradients == compiled.gradients)
    guard let inspection = compiled.inspection,
      let kept = inspection.stages.first(where: { $0.pass == "fuse" })?.graph
    else { return }
    #expect(inspection.graph.steps.filter { $0.name == "gelu" }.count > 12)
    #expect(inspection.plannedBytes <= kept.plannedBytes - 2 * 4 * rows * width)
  }

  /// Normalised rows, which the gradients of the next weights read; their statistics are kept.
  @Test func normalizedRowsAreComputedAgain() {
    let (rows, width) = (1024, 256)
    let weights = (0..<6).map { _ in (Tensor.randn([width, width]) * 0.05) }
    func run(_ compiled: Bool) -> (gradients: [[UInt8]], inspection: Inspection?) {
      let leaves = weights.map { $0.clone().asState(requiresGrad: true) }
      func body(_ x: Tensor) -> Tensor {
        var y = x
        for w in leaves { y = y + y.layerNorm([width]).matmul(w) }
        for w in leaves { w.grad = nil }
        let loss = (y * y).sum()
        loss.backward()
        return loss.detach()
      }
      let step = jit { (x: Tensor) in body(x) }
      let x = Tensor.randn([rows, width], generator: Generator(seed: 2))
      for _ in 0..<3 { _ = compiled ? step(x) : body(x) }
      return (leaves.map { $0.grad!.bytes }, compiled ? step.inspect(x) : nil)
    }
    let (eager, compiled) = (run(false), run(true))
    #expect(eager.gradients == compiled.gradients)
    #expect(compiled.inspection?.graph.steps.filter { $0.name == "normalization" }.count ?? 0 > 8)
  }

  @Test func tracesAreLetGo() {
    final class Watched {}
    weak var watched: Watched?
    let state = Tensor([1.0]).asState(requiresGrad: true)
    do {
      let object = Watched()
      watched = object
      let f = jit { (x: Tensor) -> Tensor in
        withExtendedLifetime(object) { state.data = state + x }
        return state * 2
      }
      _ = f(Tensor([1.0]))
      _ = f(Tensor([1.0]))
    }
    #expect(watched == nil)
    // Much more than other tests take meanwhile.
    let count = 1 << 24
    let before = Memory.current
    for _ in 0..<3 {
      let large = Tensor.zeros([count]).asState(requiresGrad: true)
      let f = jit { (x: Tensor) -> Tensor in
        noGrad { large.data = large + x }
        return large.sum()
      }
      for _ in 0..<2 { _ = f(Tensor(1.0)) }
    }
    #expect(Memory.current - before < 4 * count)
  }
}

import Kobai
import KobaiTestSupport
import Testing

/// Steps run where little memory is alive, and give the bits that they gave elsewhere.
@Suite(.ownGenerator) struct ScheduleTests {
  /// The stage after a pass.
  private func graph(_ pass: String, of inspection: Inspection) -> Graph? {
    inspection.stages.first { $0.pass == pass }?.graph
  }

  private func compare(
    _ f: @escaping (Tensor) -> Tensor, _ x: Tensor, shrinksBy factor: Double
  ) throws {
    let compiled = jit(f)
    let expected = f(x).bytes
    for _ in 0..<3 { #expect(compiled(x).bytes == expected) }
    let inspection = compiled.inspect(x)
    let before = try #require(graph("rematerialize", of: inspection))
    let after = try #require(graph("schedule", of: inspection))
    #expect(after.steps.count == before.steps.count)
    #expect(Double(after.plannedBytes) <= factor * Double(before.plannedBytes))
  }

  /// Products that are all made first, but read one at a time.
  @Test func resultsAreMadeWhereTheyAreRead() throws {
    let x = Tensor.randn([64, 64])
    try compare(
      { x in
        let all = (1...8).map { i in x.matmul(x + Double(i)).softmax(dim: 1) }
        return all.reduce(x.sum(dim: 0)) { sum, y in sum.softmax(dim: 0) + y.sum(dim: 0) }
      }, x, shrinksBy: 0.5)
  }

  /// Sums that are all taken last.
  @Test func readersFollowWhatTheyRead() throws {
    let x = Tensor.randn([64, 64])
    try compare(
      { x in
        var y = x
        var all: [Tensor] = []
        for _ in 0..<8 {
          y = y.matmul(x).softmax(dim: 1)
          all.append(y)
        }
        return Tensor.stack(all.map { $0.sum(dim: 0) })
      }, x, shrinksBy: 0.5)
  }

  @Test func numbersAreDrawnInOrder() {
    func f(_ x: Tensor) -> Tensor {
      let a = Tensor.randn([32, 32])
      let b = Tensor.rand([32, 32])
      let c = x.matmul(b).softmax(dim: 0)
      return c.matmul(Tensor.randn([32, 32])).sum(dim: 0) + a.sum(dim: 0)
    }
    let x = Tensor.randn([32, 32])
    let compiled = jit(f)
    for seed in 0..<3 {
      manualSeed(UInt64(seed))
      let expected = f(x).bytes
      manualSeed(UInt64(seed))
      #expect(compiled(x).bytes == expected)
    }
  }

  /// What is read of a state is read before its new value takes its memory.
  @Test func statesAreReadBeforeTheyAreReplaced() {
    func run(_ compiled: Bool) -> [[UInt8]] {
      let state = (Tensor.arange(4096).reshape([64, 64]) / 4096).asState(requiresGrad: false)
      func body(_ x: Tensor) -> Tensor {
        let late = state.matmul(x).softmax(dim: 1)
        state.data = state * 0.5 + x
        return late.sum(dim: 0)
      }
      let step = jit(body)
      let x = Tensor.ones([64, 64])
      return (0..<4).map { _ in (compiled ? step(x) : body(x)).bytes } + [state.data.bytes]
    }
    #expect(run(true) == run(false))
  }
}

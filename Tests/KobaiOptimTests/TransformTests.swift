import Kobai
import KobaiTestSupport
import Testing

@Suite("steps inside of transforms")
struct TransformTests {
  /// One step from zero state, as a function of parameters and gradients.
  private func step(_ kind: Kind) -> ([Tensor]) -> [Tensor] {
    { inputs in
      let half = inputs.count / 2
      let parameters = live(Array(inputs[..<half]))
      let optimizer = kind.make(parameters)
      for _ in 0..<2 {
        for (parameter, grad) in zip(parameters, inputs[half...]) { parameter.grad = grad }
        optimizer.step()
      }
      return parameters.map(\.data)
    }
  }

  private func inputs() -> [Tensor] {
    let generator = Generator(seed: 3)
    return [[4, 3, 2], [4, 5], [4, 3, 2], [4, 5]].map {
      Tensor.randn($0, dtype: .float64, generator: generator)
    }
  }

  @Test(arguments: Kind.all)
  func vmapIsALoop(_ kind: Kind) {
    let inputs = inputs()
    let batched = vmap(step(kind))(inputs)
    for row in 0..<4 {
      let single = step(kind)(inputs.map { $0.select(dim: 0, index: row) })
      for (b, s) in zip(batched, single) {
        #expect(b.select(dim: 0, index: row).contiguous().bytes == s.bytes)
      }
    }
  }

  /// Parameters that all examples share, gradients that differ.
  @Test func vmapOverGradientsAlone() {
    let kind = Kind.all[3]
    let inputs = inputs()
    let shared = inputs[..<2].map { $0.select(dim: 0, index: 0) }
    let batched = vmap(step(kind), inAxes: [nil, nil, 0, 0])(shared + inputs[2...])
    for row in 0..<4 {
      let single = step(kind)(shared + inputs[2...].map { $0.select(dim: 0, index: row) })
      for (b, s) in zip(batched, single) {
        #expect(b.select(dim: 0, index: row).contiguous().bytes == s.bytes)
      }
    }
  }

  @Test(arguments: Kind.all)
  func aTracedStepIsOneOperation(_ kind: Kind) {
    let inputs = inputs()
    let graph = makeGraph(step(kind), inputs.map(\.type))
    #expect(graph.steps.count == 2)
    let (traced, eager) = (graph(inputs), step(kind)(inputs))
    for (a, b) in zip(traced, eager) { #expect(a.bytes == b.bytes) }
  }
}

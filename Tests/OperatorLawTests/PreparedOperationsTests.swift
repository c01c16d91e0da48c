import Kobai
import KobaiTestSupport
import Testing

/// Replays of compiled functions run on prepared kernels, which allocate nothing.
@Suite(.ownGenerator) struct PreparedOperationsTests {
  /// What a replay evaluates as an eager call does instead: results whose size the elements decide, cumulative
  /// extremes, products whose batches broadcast in several dimensions, gradients that ordinary operations
  /// make, groups whose results do not lie row after row.
  private static let evaluated: Set = [
    "cummax", "maskedScatter", "maskedSelect", "matmul", "crossEntropyGradient", "fused",
  ]

  @Test(arguments: LawTests.names)
  func operationsAndTheirGradients(_ name: String) {
    for example in LawCase.all(of: name) where example.operation.gaps[.tracing] == nil {
      check(example.sample.call, example.inputs(), name)
      var random = example.random
      if let gradient = example.function.gradient(&random) {
        check(gradient.call, gradient.inputs, "the gradient of \(name)")
      }
    }
  }

  private func check(_ call: @escaping ([Tensor]) -> [Tensor], _ inputs: [Tensor], _ name: String) {
    let graph = makeGraph(call, inputs.map(\.type))
    // Random operations draw at each call; complex and empty arrays are left to ordinary calls.
    guard !graph.steps.contains(where: \.isRandom),
      !graph.types.contains(where: { $0.dtype.isComplex || $0.shape.contains(0) })
    else { return }
    let unprepared = Set(jit(call).inspect(inputs).evaluated).subtracting(Self.evaluated)
    #expect(unprepared == [], "\(name) \(inputs.map(\.type))")
  }
}

import Kobai
import KobaiTestSupport

extension LawCase {
  /// A traced graph gives the same bits and the types that it says, for values and gradients.
  func checkTracing() -> [String] {
    let wide = inputs()
    let narrow = wide.map(Self.narrowed)
    var failures = Self.check(sample.call, wide)
    if zip(narrow, wide).contains(where: { $0.dtype != $1.dtype }) {
      failures += Self.check(sample.call, narrow).map { "single precision: \($0)" }
    }
    var random = random
    if let gradient = function.gradient(&random) {
      failures += Self.check(gradient.call, gradient.inputs).map { "gradient: \($0)" }
    }
    return failures
  }

  private static func check(_ call: @escaping ([Tensor]) -> [Tensor], _ inputs: [Tensor])
    -> [String]
  {
    let expected = call(inputs)
    let graph = makeGraph(call, inputs.map(\.type))
    let got = graph(inputs)
    guard got.count == expected.count else {
      return ["the graph gives \(got.count) results, not \(expected.count)"]
    }
    var failures: [String] = []
    for (i, (got, expected)) in zip(got, expected).enumerated() {
      if let found = difference(got, expected.detach()) {
        failures.append("result \(i) of the graph: \(found)\n\(graph)")
      } else if got.bytes != expected.bytes {
        failures.append("result \(i) of the graph has other bits\n\(graph)")
      }
    }
    // The first compiled call and a replay; random operations draw at each.
    if !graph.steps.contains(where: \.isRandom) {
      let compiled = jit { (inputs: [Tensor]) in call(inputs) }
      for time in 1...2 {
        let got = compiled(inputs)
        for (i, (got, expected)) in zip(got, expected).enumerated()
        where got.detach().bytes != expected.detach().bytes || got.type != expected.type {
          failures.append("result \(i) of compiled call \(time): \(got), not \(expected)\n\(graph)")
        }
      }
      if compiled.traceCount != 1 { failures.append("compiled \(compiled.traceCount) times") }
    }
    run(graph, inputs) { step, _, outputs in
      let (actual, declared) = (outputs.map(\.type), step.outputs.map { graph.types[$0] })
      if actual != declared {
        let name = Swift.type(of: step.primitive).name
        failures.append("infer of \(name) says \(declared), but results are \(actual)")
      }
    }
    return failures
  }

  /// Runs a graph step by step, showing each with its inputs and outputs.
  static func run(
    _ graph: Graph, _ arguments: [Tensor], _ visit: (Graph.Step, [Tensor], [Tensor]) -> Void
  ) {
    var values: [Int: Tensor] = [:]
    for (value, argument) in zip(graph.inputs, arguments) { values[value] = argument }
    for (value, tensor) in graph.constants { values[value] = tensor.detach() }
    for step in graph.steps {
      let inputs = step.inputs.map { values[$0] ?? .poison }
      let outputs = bind(step.primitive, inputs)
      for (value, output) in zip(step.outputs, outputs) { values[value] = output }
      visit(step, inputs, outputs)
    }
  }
}

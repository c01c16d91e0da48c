import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// A graph with what is derived from it: its executable, its derivatives, its batched forms.
///
/// `@unchecked Sendable`: what is derived is made once, under a lock.
final class CompiledGraph: @unchecked Sendable {
  let name: String
  /// As traced.
  let graph: Graph
  /// The graph after each pass.
  let stages: [(pass: String, graph: Graph)]
  let executable: Executable
  /// How many outputs are the function's; behind them are the results of random operations, which
  /// derivatives need.
  let resultCount: Int
  private let randomSteps: [Int]
  private let derived = Locked<[Derivation: CompiledGraph]>([:])

  enum Derivation: Hashable {
    case pullback(cotangents: [Bool])
    case pushforward(tangents: [Bool])
    case batch(isBatched: [Bool], size: Int)
    case givingInputs(Range<Int>)
  }

  init(
    _ name: String, _ graph: Graph, isDifferentiated: Bool, donors: [Int: Int] = [:]
  ) {
    self.name = name
    resultCount = graph.outputs.count
    var graph = graph
    randomSteps = graph.steps.indices.filter { graph.steps[$0].isRandom }
    if isDifferentiated { graph.outputs += randomSteps.flatMap { graph.steps[$0].outputs } }
    graph.donors = donors
    self.graph = graph
    stages = graph.optimized()
    executable = Executable(stages[stages.count - 1].graph)
  }

  /// The results for these inputs, through `bind`; random operations give what they gave in `outputs`.
  func replay(_ arguments: [Tensor], randomResults: [Tensor]) -> [Tensor] {
    var values = [Tensor?](repeating: nil, count: graph.types.count)
    for (value, argument) in zip(graph.inputs, arguments) { values[value] = argument }
    for (value, tensor) in graph.constants { values[value] = tensor }
    var random = randomResults[...]
    for step in graph.steps {
      if step.isRandom && !randomResults.isEmpty {
        for output in step.outputs { values[output] = random.popFirst() }
        continue
      }
      let results = bind(step.primitive, step.inputs.map { values[$0] ?? .poison })
      for (value, result) in zip(step.outputs, results) { values[value] = result }
    }
    return graph.outputs.prefix(resultCount).map { values[$0] ?? .poison }
  }

  func derive(_ derivation: Derivation, _ make: () -> CompiledGraph) -> CompiledGraph {
    if let known = derived.withLock({ $0[derivation] }) { return known }
    let new = make()
    return derived.withLock {
      if let known = $0[derivation] { return known }
      $0[derivation] = new
      return new
    }
  }
}

extension CompiledGraph {
  /// The same, whose last results are some of its inputs.
  func givingInputs(_ range: Range<Int>) -> CompiledGraph {
    derive(.givingInputs(range)) {
      var graph = graph
      graph.outputs = Array(graph.outputs.prefix(resultCount)) + Array(graph.inputs[range])
      return CompiledGraph(name, graph, isDifferentiated: true, donors: graph.donors)
    }
  }
}

extension Primitives {
  /// A compiled function as an operation: it is differentiated and batched through its graph.
  struct Compiled: Primitive {
    static let name = "jit"
    let program: CompiledGraph

    static func == (a: Compiled, b: Compiled) -> Bool { a.program === b.program }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(program)) }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      program.graph.outputs.map { program.graph.types[$0] }
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      var inputs = inputs
      return program.executable.run(&inputs)
    }

    var residuals: Residuals { .all }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      let program = program
      let inputs = (0..<kept.inputCount).map(kept.input)
      let random = (program.resultCount..<cotangents.count).map(kept.output)
      let given = cotangents.prefix(program.resultCount).map { $0 != nil }
      let seeds = cotangents.prefix(program.resultCount).compactMap { $0 }
      let derivative = program.derive(.pullback(cotangents: given)) {
        let all = inputs + random + seeds
        return CompiledGraph.make("pullback of \(program.name)", all.map(\.type)) { all in
          let primals = all.prefix(inputs.count)
          let random = Array(all.dropFirst(inputs.count).prefix(random.count))
          var seeds = all.suffix(seeds.count)
          let (outputs, pull) = vjp(
            { (leaves: [Tensor]) in
              var leaves = leaves[...]
              let arguments = primals.map {
                $0.dtype.isDifferentiable ? leaves.popFirst() ?? $0 : $0
              }
              return program.replay(arguments, randomResults: random)
            }, primals.filter(\.dtype.isDifferentiable))
          let dense = zip(outputs, given).map { output, isGiven in
            (isGiven ? seeds.popFirst() : nil) ?? Tensor.zeros(like: output)
          }
          return pull(dense)
        }
      }
      var gradients = bind(Compiled(program: derivative), inputs + random + seeds)
        .prefix(derivative.resultCount)
      return inputs.map { $0.dtype.isDifferentiable ? gradients.popFirst() : nil }
    }

    func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let program = program
      let random = Array(outputs.dropFirst(program.resultCount))
      let given = tangents.map { $0 != nil }
      let directions = tangents.compactMap { $0 }
      let derivative = program.derive(.pushforward(tangents: given)) {
        let all = inputs + random + directions
        return CompiledGraph.make("tangent of \(program.name)", all.map(\.type)) { all in
          let primals = Array(all.prefix(inputs.count))
          let random = Array(all.dropFirst(inputs.count).prefix(random.count))
          var directions = all.suffix(directions.count)
          let dense = zip(primals, given).map { primal, isGiven in
            (isGiven ? directions.popFirst() : nil) ?? Tensor.zeros(like: primal)
          }
          return jvp({ program.replay($0, randomResults: random) }, primals, dense).tangents
        }
      }
      let pushed = bind(Compiled(program: derivative), inputs + random + directions)
      return outputs.indices.map { i in
        i < program.resultCount && outputs[i].dtype.isDifferentiable ? pushed[i] : nil
      }
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let program = program
      let batched = program.derive(.batch(isBatched: isBatched, size: size)) {
        CompiledGraph.make("batch of \(program.name)", inputs.map(\.type)) { all in
          vmap(
            { program.graph($0) }, inAxes: isBatched.map { $0 ? 0 : nil }, randomness: .different)(
              all)
        }
      }
      return Array(bind(Compiled(program: batched), inputs).prefix(batched.resultCount))
    }
  }
}

extension CompiledGraph {
  /// The compiled graph of a function of flat tensors.
  static func make(
    _ name: String, _ types: [TensorType], donors: [Int: Int] = [:],
    _ function: ([Tensor]) -> [Tensor]
  ) -> CompiledGraph {
    CompiledGraph(name, makeGraph(function, types), isDifferentiated: true, donors: donors)
  }
}

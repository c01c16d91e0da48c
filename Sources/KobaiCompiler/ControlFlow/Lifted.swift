import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// A closure as a graph that takes what it captures as further inputs: `captured`, then the arguments.
struct Lifted {
  private(set) var graph: Graph
  private(set) var captured: [Tensor]
  /// What the closure does to states; empty where that is refused.
  private(set) var states = LoopStates()

  /// - Parameter carriesStates: states that the closure assigns are further arguments and results, behind the
  ///   others; else assigning one is a misuse.
  init(
    _ name: String, _ types: [TensorType], carriesStates: Bool = false,
    _ function: ([Tensor]) -> [Tensor]
  ) {
    var captured: [Tensor] = []
    var states = LoopStates()
    var observations: [ClosureObservation] = []
    graph = withTransformLevel { level in
      let trace = Trace(level: level, name: name)
      defer { trace.end() }
      let inputs = types.map(trace.input)
      let outputs = Tracing.with(trace) { function(inputs) }
      trace.graph.outputs = outputs.map { trace.number(of: $0.current.lowered(below: level)) }
      if carriesStates {
        states = trace.carryStates(name)
      } else {
        for record in trace.states where record.isWritten || record.gradIsWritten {
          misuse(
            "\(name): a state is assigned inside, where the number of rounds or the branch is not known; "
              + "carry the value instead", else: ())
        }
      }
      let carried = Set(states.inputs)
      let all =
        trace.captured
        + trace.states.flatMap(\.initialValues).filter { !carried.contains($0.value) }
      captured = all.map(\.tensor)
      trace.graph.inputs = all.map(\.value) + trace.graph.inputs + states.inputs
      trace.graph.outputs += states.outputs
      observations = trace.observations
      return trace.graph
    }
    self.captured = captured
    self.states = states
    for observation in observations { Tracing.observe(observation.what, observation.read) }
  }

  func compiled(
    _ name: String, isDifferentiated: Bool = false, donors: [Int: Int] = [:]
  ) -> CompiledGraph {
    CompiledGraph(name, graph, isDifferentiated: isDifferentiated, donors: donors)
  }
}

/// The states that the body of a loop assigns: values carried from round to round.
struct LoopStates {
  enum Target { case value(State), grad(State) }
  var targets: [Target] = []
  /// In the body's graph, and from outside.
  var inputs: [Int] = []
  var outputs: [Int] = []
  var initial: [Tensor] = []
  /// States whose gradient is nil after each round.
  var cleared: [State] = []

  /// Gives the states what the loop has made of them.
  func assign(_ results: [Tensor]) {
    for (target, result) in zip(targets, results) {
      switch target {
      case .value(let state): state.value = result.current.unboxed.value
      case .grad(let state): state.grad = result.detach()
      }
    }
    for state in cleared { state.grad = nil }
  }
}

extension Trace {
  /// Makes the states that were assigned arguments and results of the graph.
  fileprivate func carryStates(_ name: String) -> LoopStates {
    var carried = LoopStates()
    for i in states.indices {
      if states[i].isMadeInside {
        // One that lives on would be another one in each round.
        if !isKnownUniquelyReferenced(&states[i].state) {
          misuse(
            "\(name): a state is made in each round; make it before the loop, or in its first round",
            else: ())
        }
        if let input = states[i].input { graph.constants.append((input, states[i].initial)) }
        continue
      }
      states[i].grad = states[i].grad.map { Tensor($0.current.lowered(below: level).value) }
      let record = states[i]
      if record.isWritten, let input = record.input {
        carried.targets.append(.value(record.state))
        carried.inputs.append(input)
        carried.initial.append(record.initial)
        carried.outputs.append(number(of: Tensor(record.current)))
      }
      guard record.gradIsWritten else { continue }
      guard let grad = record.grad else {
        carried.cleared.append(record.state)
        continue
      }
      if record.gradWasRead && record.initialGrad == nil {
        misuse(
          "\(name): the gradient of a state is nil before the first round and there after it; call zeroGrad "
            + "before backward in each round", else: ())
      }
      carried.targets.append(.grad(record.state))
      if let input = record.gradInput, let initial = record.initialGrad {
        carried.inputs.append(input)
        carried.initial.append(initial)
      } else {
        // Not read before it is assigned: any value serves.
        carried.inputs.append(value(grad.type))
        carried.initial.append(Tensor.zeros(grad.shape, dtype: grad.dtype))
      }
      carried.outputs.append(number(of: grad))
    }
    return carried
  }
}

/// A function whose intermediate results are not kept for `backward`, but computed again: memory for time.
///
///     let y = checkpoint { (x: Tensor) in block(x) }(x)
///
/// What the function captures, parameters too, is differentiated as if there were no checkpoint. Random
/// numbers are kept, so that the second computation uses the first one's. What it assigns to states is
/// refused.
public func checkpoint<A: Tree, R: Tree>(_ function: @escaping (A) -> R) -> (A) -> R {
  { argument in
    let inputs = argument.tensors.map(\.current)
    var result: R?
    let lifted = Lifted("checkpoint", inputs.map(\.type)) {
      let output = function(argument.replacingTensors($0))
      result = output
      return output.tensors
    }
    guard let result else { preconditionFailure("the function was not called") }
    let program = lifted.compiled("checkpoint", isDifferentiated: true)
    let outputs = bind(Primitives.Compiled(program: program), lifted.captured + inputs)
    return result.replacingTensors(Array(outputs.prefix(program.resultCount)))
  }
}

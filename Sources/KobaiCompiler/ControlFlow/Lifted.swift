import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// A closure as a graph that takes what it captures as further inputs: `captured`, then the arguments.
struct Lifted {
  let graph: Graph
  let captured: [Tensor]
  let compiled: CompiledGraph

  init(_ name: String, _ types: [TensorType], _ function: ([Tensor]) -> [Tensor]) {
    var captured: [Tensor] = []
    let graph = withTransformLevel { level in
      let trace = Trace(level: level, name: name)
      defer { trace.end() }
      let inputs = types.map(trace.input)
      let outputs = Tracing.with(trace) { function(inputs) }
      trace.graph.outputs = outputs.map { trace.number(of: $0.current.lowered(below: level)) }
      for record in trace.states where record.isWritten || record.gradIsWritten {
        misuse(
          "\(name): a state is assigned inside, where the number of rounds or the branch is not known; "
            + "carry the value instead", else: ())
      }
      let all = trace.captured + trace.states.flatMap(\.initialValues)
      captured = all.map(\.tensor)
      trace.graph.inputs = all.map(\.value) + trace.graph.inputs
      return trace.graph
    }
    self.graph = graph
    self.captured = captured
    compiled = CompiledGraph(name, graph, isDifferentiated: false)
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
    let program = CompiledGraph("checkpoint", lifted.graph, isDifferentiated: true)
    let outputs = bind(Primitives.Compiled(program: program), lifted.captured + inputs)
    return result.replacingTensors(Array(outputs.prefix(program.resultCount)))
  }
}

import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// Tracing: operations are written down instead of run.
final class Trace: Interpreter, @unchecked Sendable {  // built and ended on one thread
  let level: Int
  let name = "makeGraph"
  private(set) var isActive = true
  private(set) var graph = Graph()

  init(level: Int) { self.level = level }

  func end() { isActive = false }

  func value(_ type: TensorType) -> Int {
    graph.types.append(type)
    return graph.types.count - 1
  }

  func input(_ type: TensorType) -> Tensor {
    let number = value(type)
    graph.inputs.append(number)
    return trace(type, payload: number)
  }

  func lift(_ tensor: Tensor) -> Tensor {
    let number = value(tensor.type)
    graph.constants.append((number, tensor))
    return trace(tensor.type, payload: number)
  }

  func number(of tensor: Tensor) -> Int {
    (payload(of: tensor) ?? payload(of: lift(tensor))) as? Int ?? 0
  }

  func bind(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor] {
    if let composed = primitive as? any ClosurePrimitive { return composed.call(inputs) }
    let numbers = inputs.map(number)
    let types = primitive.infer(inputs.map(\.type))
    let results = types.map(value)
    graph.steps.append(Graph.Step(primitive: primitive, inputs: numbers, outputs: results))
    return zip(types, results).map { trace($0, payload: $1) }
  }

  func finish(_ outputs: [Tensor]) -> Graph {
    graph.outputs = outputs.map(number)
    return graph
  }
}

/// The operations of `function` on inputs of the given types, as a graph. The closure runs once, on
/// tensors that have a type but no elements.
///
///     print(makeGraph({ [($0[0] * $0[0]).sum()] }, [TensorType(.float32, [3])]))
///     // (%0: float32[3])
///     // %1: float32[3] = mul %0 %0
///     // %2: float32[] = sum %1
///     // return %2
public func makeGraph(
  _ function: ([Tensor]) throws -> [Tensor], _ types: [TensorType]
) rethrows -> Graph {
  try withTransformLevel { level in
    let trace = Trace(level: level)
    defer { trace.end() }
    let inputs = types.map(trace.input)
    let outputs = try Tracing.with(trace) { try function(inputs) }
    return trace.finish(outputs)
  }
}

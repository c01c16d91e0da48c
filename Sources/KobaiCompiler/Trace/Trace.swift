import KobaiOperators
import KobaiTensor
import KobaiTransforms
import Synchronization

/// Tracing: operations are written down instead of run.
///
/// States that the closure touches keep their values; the trace remembers what the closure sees in their
/// place (Trace+States.swift).
final class Trace: StateTracing, @unchecked Sendable {  // built and ended on one thread
  let level: Int
  let name: String
  let number: UInt32
  private(set) var isActive = true
  var graph = Graph()

  /// Tensors of the surroundings that are tracked or belong to another transform; values of the graph.
  private(set) var captured: [(value: Int, tensor: Tensor)] = []
  private var lifted: [Lifted: Int] = [:]
  /// What was lifted stays, so that addresses stand for it.
  private var keptAlive: [Tensor] = []

  var states: [StateRecord] = []
  var recordNumbers: [ObjectIdentifier: Int] = [:]
  var observations: [ClosureObservation] = []
  /// How often a state was made or assigned.
  var writeCount = 0

  private struct Lifted: Hashable {
    let body, node: ObjectIdentifier?
    let bits, meta: UInt64
  }

  private static let count = Atomic<UInt32>(0)

  init(level: Int, name: String) {
    self.level = level
    self.name = name
    number = Trace.count.add(1, ordering: .relaxed).newValue & 0x7FFF_FFFF
  }

  /// Tensors of the trace refer to it, and its states to tensors of the trace: it lets go of all.
  func end() {
    isActive = false
    graph = Graph()
    captured = []
    lifted = [:]
    keptAlive = []
    states = []
    recordNumbers = [:]
    observations = []
  }

  func value(_ type: TensorType) -> Int { graph.value(type) }

  func tracer(_ number: Int) -> Tensor { trace(graph.types[number], payload: number) }

  func input(_ type: TensorType) -> Tensor {
    let number = value(type)
    graph.inputs.append(number)
    return tracer(number)
  }

  func lift(_ tensor: Tensor) -> Tensor {
    let now = tensor.current.unboxed
    let key = Lifted(
      body: now.value.body.map { ObjectIdentifier($0) },
      node: now.node.map { ObjectIdentifier($0) },
      bits: now.value.bits, meta: now.value.meta.rawValue)
    if let number = lifted[key] { return tracer(number) }
    let number = value(now.type)
    lifted[key] = number
    keptAlive.append(now)
    if now.node == nil && now.value.meta.isPlain {
      graph.constants.append((number, now))
    } else {
      captured.append((number, now))
    }
    return tracer(number)
  }

  func number(of tensor: Tensor) -> Int {
    (payload(of: tensor) ?? payload(of: lift(tensor))) as? Int ?? 0
  }

  func bind(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor] {
    if let composed = primitive as? any ClosurePrimitive { return composed.call(inputs) }
    let numbers = inputs.map(number)
    let types = primitive.infer(inputs.map(\.type))
    let results = types.map(value)
    graph.steps.append(
      Graph.Step(
        primitive: primitive, inputs: numbers, outputs: results,
        scope: Scope.current.path ?? ""))
    return results.map(tracer)
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
///
/// Tensors of the surroundings, states too, are constants of the graph; what the closure assigns to states is
/// not part of it.
public func makeGraph(
  _ function: ([Tensor]) throws -> [Tensor], _ types: [TensorType]
) rethrows -> Graph {
  try withTransformLevel { level in
    let trace = Trace(level: level, name: "makeGraph")
    defer { trace.end() }
    let inputs = types.map(trace.input)
    let outputs = try Tracing.with(trace) { try function(inputs) }
    trace.graph.outputs = outputs.map { trace.number(of: $0.lowered(below: level)) }
    trace.graph.constants += trace.captured.map { ($0.value, $0.tensor) }
    trace.graph.constants += trace.states.flatMap(\.initialValues)
    return trace.graph
  }
}

import CKernels
import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// Where an input of a traced graph comes from.
enum JITSource {
  case argument(Int)
  case state(State, isWritten: Bool)
  case grad(State, isWritten: Bool)
  case captured(Tensor)
}

/// What a tensor of a traced function's result is.
enum JITResult {
  /// An output of the graph; whether it can be differentiated.
  case output(Int, isTracked: Bool)
  /// A tensor that names a state: returned as it is.
  case live(Tensor)

  var isTracked: Bool {
    if case .output(_, true) = self { return true }
    return false
  }
}

/// What a traced function does to a state: its new value or gradient is an output of the graph.
enum JITWrite {
  case value(State, output: Int)
  case grad(State, output: Int?)
}

/// One trace of a function: when it holds, what it computes, and what it does to states.
final class JITEntry {
  /// The result's structure: a `JITPrototype` of the function's own type. The entry itself is not generic, because
  /// all that is done at each call would look up types.
  let prototype: AnyObject
  let program: CompiledGraph
  /// Used once: the closure made states whose first values it computed, so the next call differs.
  let isForOneCall: Bool

  private var wasUsed = false
  private let guards: JITGuards
  /// Where each input of the graph comes from.
  private let sources: [JITSource]
  private let results: [JITResult]
  private let writes: [JITWrite]
  private let recordsGradients: Bool
  /// What passes between states and a run.
  private let transfers: StateTransfers

  init(
    prototype: AnyObject, program: CompiledGraph, isForOneCall: Bool, guards: JITGuards,
    sources: [JITSource], results: [JITResult], writes: [JITWrite]
  ) {
    self.prototype = prototype
    self.program = program
    self.isForOneCall = isForOneCall
    self.guards = guards
    self.sources = sources
    self.results = results
    self.writes = writes
    recordsGradients = results.contains(where: \.isTracked)
    transfers = StateTransfers(sources, writes)
  }

  /// What keeps these arguments from being this entry's; nil if nothing does.
  func mismatch(_ arguments: FlatTree) -> String? {
    if isForOneCall && wasUsed { return "states were made by the call before" }
    return guards.mismatch(arguments)
  }

  /// Whether this entry is that of these arguments.
  func matches(_ arguments: FlatTree) -> Bool {
    !(isForOneCall && wasUsed) && guards.match(arguments)
  }

  /// The result's tensors, after the states have been written.
  func replay(_ arguments: [Tensor]) -> [Tensor] {
    if isForOneCall { wasUsed = true }
    if recordsGradients && isGradEnabled {
      let inputs = sources.map { source -> Tensor in
        switch source {
        case .argument(let i): arguments[i].current
        case .state(let state, _): state.tensor.current
        case .grad(let state, _): state.grad ?? .poison
        case .captured(let tensor): tensor
        }
      }
      if inputs.contains(where: { $0.node != nil }) { return recorded(inputs) }
    }
    return direct(arguments)
  }

  private func recorded(_ inputs: [Tensor]) -> [Tensor] {
    let outputs = bind(Primitives.Compiled(program: program), inputs)
    for write in writes {
      switch write {
      case .value(let state, let i): state.value = outputs[i].current.value
      case .grad(let state, let i): state.grad = i.map { Tensor(outputs[$0].current.value) }
      }
    }
    return results.map { result in
      switch result {
      case .output(let i, true): outputs[i]
      case .output(let i, false): Tensor(outputs[i].current.value)
      case .live(let tensor): tensor
      }
    }
  }

  private func direct(_ arguments: [Tensor]) -> [Tensor] {
    // Values that are replaced are handed over, so that results can be written in their memory. A misuse must
    // leave them as they were, so inside `recovering { }` they stay.
    let donates = kb_context_flags() & UInt32(KB_CONTEXT_RECOVERING | KB_CONTEXT_STATES) == 0
    return program.executable.withSession { session in
      transfers.takeInputs(arguments, into: session, donates: donates)
      program.executable.run(session, isOnly: isForOneCall)
      transfers.giveOutputs(of: session, donates: donates)
      let tensors = results.map { result in
        switch result {
        case .output(let i, _): Tensor(session.outputs[i])
        case .live(let tensor): tensor
        }
      }
      session.forgetOutputs()
      return tensors
    }
  }
}

/// The result of a trace, whose tensors are replaced by those of a run.
final class JITPrototype<R> {
  let result: R
  init(_ result: R) { self.result = result }
}

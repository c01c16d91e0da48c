import KobaiOperators
import KobaiTensor

/// What passes between arguments, states and a run of a compiled function, in lists that are walked without
/// counting references: the entry's sources and writes keep the states.
///
/// `@unchecked Sendable`: immutable.
final class StateTransfers: @unchecked Sendable {
  private struct Transfer {
    let number: Int
    let state: Unmanaged<State>
  }

  private let arguments: [(input: Int, argument: Int)]
  private let captured: [(input: Int, tensor: Tensor)]
  /// Values that are read only; values that are replaced, to inputs and from outputs.
  private let read: [Transfer]
  private let taken: [Transfer]
  private let replaced: [Transfer]
  /// Outputs that become values of states whose own ones were not read.
  private let assigned: [Transfer]
  private let readGradients: [Transfer]
  private let takenGradients: [Transfer]
  /// Outputs that become gradients; those whose old gradient was not read may use its memory.
  private let gradients: [Transfer]
  private let recycled: [Transfer]
  private let cleared: [Unmanaged<State>]
  private let sources: [JITSource]
  private let writes: [JITWrite]

  init(_ sources: [JITSource], _ writes: [JITWrite]) {
    (self.sources, self.writes) = (sources, writes)
    var isTaken: Set<ObjectIdentifier> = []
    var isRead: Set<ObjectIdentifier> = []
    var arguments: [(input: Int, argument: Int)] = []
    var captured: [(input: Int, tensor: Tensor)] = []
    var (read, taken): ([Transfer], [Transfer]) = ([], [])
    var (readGradients, takenGradients): ([Transfer], [Transfer]) = ([], [])
    for (i, source) in sources.enumerated() {
      switch source {
      case .argument(let k): arguments.append((i, k))
      case .captured(let tensor): captured.append((i, tensor))
      case .state(let state, false): read.append(Transfer(number: i, state: .passUnretained(state)))
      case .state(let state, true):
        taken.append(Transfer(number: i, state: .passUnretained(state)))
        isTaken.insert(ObjectIdentifier(state))
      case .grad(let state, let isWritten):
        let transfer = Transfer(number: i, state: .passUnretained(state))
        if isWritten { takenGradients.append(transfer) } else { readGradients.append(transfer) }
        isRead.insert(ObjectIdentifier(state))
      }
    }
    var (replaced, assigned): ([Transfer], [Transfer]) = ([], [])
    var (gradients, recycled): ([Transfer], [Transfer]) = ([], [])
    var cleared: [Unmanaged<State>] = []
    for write in writes {
      switch write {
      case .value(let state, let i):
        let transfer = Transfer(number: i, state: .passUnretained(state))
        if isTaken.contains(ObjectIdentifier(state)) {
          replaced.append(transfer)
        } else {
          assigned.append(transfer)
        }
      case .grad(let state, let i?):
        let transfer = Transfer(number: i, state: .passUnretained(state))
        gradients.append(transfer)
        if !isRead.contains(ObjectIdentifier(state)) { recycled.append(transfer) }
      case .grad(let state, nil): cleared.append(.passUnretained(state))
      }
    }
    // In the order of `update`: two runs that take the same states never wait for each other.
    taken.sort { $0.state.toOpaque() < $1.state.toOpaque() }
    (self.arguments, self.captured, self.read, self.taken) = (arguments, captured, read, taken)
    (self.readGradients, self.takenGradients) = (readGradients, takenGradients)
    (self.replaced, self.assigned, self.gradients) = (replaced, assigned, gradients)
    (self.recycled, self.cleared) = (recycled, cleared)
  }

  /// Fills a session's inputs. With `donates`, values that will be replaced are taken out of their states, which
  /// are locked until `giveOutputs`.
  func takeInputs(_ tensors: [Tensor], into session: Session, donates: Bool) {
    for i in arguments.indices {
      session.inputs[arguments[i].input] = tensors[arguments[i].argument].current.value
    }
    for i in captured.indices {
      session.inputs[captured[i].input] = captured[i].tensor.current.value
    }
    for i in read.indices {
      session.inputs[read[i].number] = read[i].state._withUnsafeGuaranteedRef { $0.value }
    }
    for i in readGradients.indices {
      session.inputs[readGradients[i].number] = readGradients[i].state._withUnsafeGuaranteedRef {
        $0.grad?.current.value ?? .poison
      }
    }
    guard donates else {
      for i in taken.indices {
        session.inputs[taken[i].number] = taken[i].state._withUnsafeGuaranteedRef { $0.value }
      }
      for i in takenGradients.indices {
        session.inputs[takenGradients[i].number] =
          takenGradients[i].state._withUnsafeGuaranteedRef { $0.grad?.current.value ?? .poison }
      }
      return
    }
    for i in takenGradients.indices {
      session.inputs[takenGradients[i].number] =
        takenGradients[i].state._withUnsafeGuaranteedRef {
          $0.takeGradient()?.current.value ?? .poison
        }
    }
    for i in recycled.indices {
      recycled[i].state._withUnsafeGuaranteedRef { state in
        if let old = state.takeGradient(), old.value.body != nil {
          session.recycled[recycled[i].number] = old.value
        }
      }
    }
    for i in taken.indices {
      session.inputs[taken[i].number] = taken[i].state._withUnsafeGuaranteedRef {
        $0.beginUpdate()
      }
    }
  }

  /// Gives the outputs to the states.
  func giveOutputs(of session: Session, donates: Bool) {
    for i in replaced.indices {
      let value = session.outputs[replaced[i].number]
      replaced[i].state._withUnsafeGuaranteedRef { state in
        if donates {
          state.endUpdate(value)
        } else if value.meta.isPlain {
          state.value = value
        }
      }
    }
    for i in assigned.indices {
      let value = session.outputs[assigned[i].number]
      if value.meta.isPlain { assigned[i].state._withUnsafeGuaranteedRef { $0.value = value } }
    }
    for i in gradients.indices {
      let grad = Tensor(session.outputs[gradients[i].number])
      gradients[i].state._withUnsafeGuaranteedRef { $0.grad = grad }
    }
    for i in cleared.indices { cleared[i]._withUnsafeGuaranteedRef { $0.grad = nil } }
  }
}

import KobaiOperators
import KobaiTensor

/// A state that a traced closure touched: what it held before, and what it holds as the closure sees it.
struct StateRecord {
  var state: State
  /// The leaf that stands for the state in the derivatives of the closure.
  let leaf: State
  /// Whether the state was made by the closure.
  let isMadeInside: Bool
  /// Whether the state required grad when it was met.
  let tracked: Bool
  /// What the state held, as the surroundings see it.
  let initial: Tensor
  /// The graph's value that stands for it; nil if the closure computed it, of a state made inside.
  let input: Int?
  var current: Value
  var isWritten = false

  /// Whether the gradient was read before it was assigned, and what it was.
  var gradWasRead = false
  var initialGrad: Tensor?
  var gradInput: Int?
  var grad: Tensor?
  var gradIsWritten = false
  /// Whether the state is there after the trace: not one that the closure made and let go.
  var livesOn = true
}

extension StateRecord {
  /// The values of the graph that stand for what was there before, with it.
  var initialValues: [(value: Int, tensor: Tensor)] {
    var values: [(value: Int, tensor: Tensor)] = []
    if let input { values.append((input, initial)) }
    if let gradInput, let initialGrad { values.append((gradInput, initialGrad)) }
    return values
  }
}

/// A host value that the closure read, on which its trace depends.
struct ClosureObservation {
  let what: String
  let read: () -> AnyHashable
  let value: AnyHashable
}

extension Trace {
  func snapshot(of state: State) -> Tensor {
    let record = states[record(of: state)]
    return Tensor(record.current, record.state.stored.tracks ? record.leaf : nil)
  }

  func setValue(_ value: Value, of state: State) {
    let i = record(of: state)
    if value.meta.has(Value.Meta.poison) { return }
    states[i].current = Tensor(value).current.unboxed.value
    states[i].isWritten = true
    writeCount += 1
  }

  func grad(of state: State) -> Tensor? {
    let i = record(of: state)
    if !states[i].gradWasRead && !states[i].gradIsWritten {
      let record = states[i]
      let initial =
        record.isMadeInside ? state.stored.grad : Tracing.outside(self) { record.state.grad }
      states[i].gradWasRead = true
      states[i].initialGrad = initial
      if let initial {
        let input = value(initial.type)
        states[i].gradInput = input
        states[i].grad = tracer(input)
      }
    }
    return states[i].grad
  }

  func setGrad(_ grad: Tensor?, of state: State) {
    let i = record(of: state)
    states[i].grad = grad
    states[i].gradIsWritten = true
    writeCount += 1
  }

  func requiresGrad(of state: State) -> Bool { states[record(of: state)].state.stored.tracks }

  func made(_ state: State) {
    _ = record(of: state)
    writeCount += 1
  }

  func observe(_ what: String, _ read: @escaping () -> AnyHashable) {
    observations.append(ClosureObservation(what: what, read: read, value: read()))
  }

  private func record(of state: State) -> Int {
    if let known = recordNumbers[ObjectIdentifier(state)] { return known }
    let isMadeInside = state.birth == number
    let initial =
      isMadeInside ? Tensor(state.stored.value) : Tracing.outside(self) { state.snapshot }
    var input: Int?
    var current = initial.value
    if payload(of: initial) == nil {
      let number = value(initial.type)
      input = number
      current = tracer(number).value
    }
    let leaf = State(leaf: current, level: level, standsForState: true)
    states.append(
      StateRecord(
        state: state, leaf: leaf, isMadeInside: isMadeInside, tracked: state.stored.tracks,
        initial: initial, input: input, current: current))
    recordNumbers[ObjectIdentifier(state)] = states.count - 1
    recordNumbers[ObjectIdentifier(leaf)] = states.count - 1
    return states.count - 1
  }
}

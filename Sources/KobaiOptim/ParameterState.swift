import KobaiTensor

/// What an optimizer keeps for one parameter: named live tensors, such as `step` and `exp_avg`.
public final class ParameterState {
  private var entries: [(name: String, state: State)] = []

  /// The names, in the order in which they were added.
  public var names: [String] { entries.map(\.name) }

  /// A live tensor by name. Assigning replaces its value, or adds it.
  public subscript(name: String) -> Tensor? {
    get { entries.first { $0.name == name }?.state.tensor }
    set {
      guard let newValue else { return entries.removeAll { $0.name == name } }
      if let known = state(name) {
        known.value = newValue.current.value
      } else {
        entries.append((name, State(newValue.current.value, requiresGrad: false)))
      }
    }
  }

  /// The identity behind a name.
  func state(_ name: String) -> State? { entries.first { $0.name == name }?.state }

  /// The state of that name; `initial` is its first value. Values are made without an operation: a trace
  /// that is under way must see the state, not how it came about.
  func state(_ name: String, initial: () -> Value) -> State {
    if let known = state(name) { return known }
    let new = State(initial(), requiresGrad: false)
    entries.append((name, new))
    return new
  }
}

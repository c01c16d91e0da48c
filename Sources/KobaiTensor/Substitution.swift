/// Gives states other values for as long as a closure runs: a module as a function of its parameters.
///
/// Unlike a state's own value, what stands for it may be tracked, batched or traced. What the closure
/// assigns to a state that has been given a value stays here.
///
/// `@unchecked Sendable`: used on the thread that runs the closure.
package final class Substitution: StateKeeping, @unchecked Sendable {
  package var number: UInt32 { 0 }
  private var values: [ObjectIdentifier: Tensor] = [:]
  private var gradients: [ObjectIdentifier: Tensor?] = [:]

  package init(_ values: [(State, Tensor)]) {
    for (state, tensor) in values { self.values[ObjectIdentifier(state)] = tensor.current }
  }

  /// The value of a state at the end: what it was given, or what the closure has assigned.
  package subscript(state: State) -> Tensor? { values[ObjectIdentifier(state)] }

  package func run<R>(_ body: () throws -> R) rethrows -> R {
    try Tracing.keeping(self, body)
  }

  package func snapshot(of state: State) -> Tensor {
    values[ObjectIdentifier(state)] ?? Tracing.outside(self) { state.snapshot }
  }

  package func setValue(_ value: Value, of state: State) {
    if values[ObjectIdentifier(state)] != nil {
      values[ObjectIdentifier(state)] = Tensor(value)
    } else {
      Tracing.outside(self) { state.value = value }
    }
  }

  package func grad(of state: State) -> Tensor? {
    guard values[ObjectIdentifier(state)] != nil else {
      return Tracing.outside(self) { state.grad }
    }
    return gradients[ObjectIdentifier(state)] ?? nil
  }

  package func setGrad(_ grad: Tensor?, of state: State) {
    if values[ObjectIdentifier(state)] != nil {
      gradients[ObjectIdentifier(state)] = .some(grad)
    } else {
      Tracing.outside(self) { state.grad = grad }
    }
  }

  package func requiresGrad(of state: State) -> Bool {
    values[ObjectIdentifier(state)].map { $0.node != nil }
      ?? Tracing.outside(self) { state.requiresGrad }
  }

  package func made(_ state: State) {}
}

import CKernels
import KobaiOperators
import KobaiTensor
import KobaiTransforms

/// When a trace holds.
struct JITGuards {
  let types: [TensorType]
  /// The states that live arguments name.
  let states: [State?]
  let structure: [AnyHashable]
  let recordsGradients: Bool
  let defaultDType: DType
  let observations: [ClosureObservation]
  let met: [StateGuard]

  /// What was found of a state that the closure touched.
  final class StateGuard {
    let state: State
    let type: TensorType
    let tracked: Bool
    let grad: State.ExpectedGradient

    init(state: State, type: TensorType, tracked: Bool, grad: State.ExpectedGradient) {
      (self.state, self.type, self.tracked, self.grad) = (state, type, tracked, grad)
    }

    var holds: Bool {
      Unmanaged.passUnretained(state)._withUnsafeGuaranteedRef {
        $0.holds(type.dtype, type.shape, tracked: tracked, gradient: grad)
      }
    }
  }
}

extension JITGuards {
  /// Whether the trace holds for these arguments.
  func match(_ arguments: FlatTree) -> Bool {
    // Where something else stands for states, it is asked.
    if kb_context_flags() & UInt32(KB_CONTEXT_STATES) != 0 { return mismatch(arguments) == nil }
    let tensors = arguments.tensors
    guard tensors.count == types.count, recordsGradients == isGradEnabled,
      defaultDType == DType.default
    else { return false }
    for i in tensors.indices {
      if tensors[i].value.meta.isPlain && states[i] == nil {
        guard tensors[i].value.dtype == types[i].dtype, tensors[i].value.shape == types[i].shape
        else { return false }
      } else {
        let value = tensors[i].current.value
        guard value.dtype == types[i].dtype, value.shape == types[i].shape,
          tensors[i].state === states[i]
        else { return false }
      }
    }
    guard arguments.structure.isEmpty ? structure.isEmpty : arguments.structure == structure
    else { return false }
    for i in met.indices where !met[i].holds { return false }
    for observation in observations where observation.read() != observation.value { return false }
    return true
  }

  func mismatch(_ arguments: FlatTree) -> String? {
    guard arguments.tensors.count == types.count else {
      return "the arguments hold \(arguments.tensors.count) tensors where they held \(types.count)"
    }
    for (i, argument) in arguments.tensors.enumerated() {
      let value = argument.current.value
      if value.dtype != types[i].dtype || value.shape != types[i].shape {
        return "argument \(i) is \(value.type) where it was \(types[i])"
      }
      if argument.state !== states[i] {
        return "argument \(i) names another parameter or state"
      }
    }
    if arguments.structure != structure {
      return "the scalars or the structure of the arguments differ: \(arguments.structure) where "
        + "they were \(structure)"
    }
    if recordsGradients != isGradEnabled {
      return "it is called \(isGradEnabled ? "outside" : "inside") of noGrad"
    }
    if defaultDType != DType.default { return "the default dtype is another" }
    for observation in observations {
      let now = observation.read()
      if now != observation.value {
        return "\(observation.what) is \(now) where it was \(observation.value)"
      }
    }
    for guarded in met {
      let (state, type, tracked, grad) = (
        guarded.state, guarded.type, guarded.tracked, guarded.grad
      )
      let value = state.value
      if value.dtype != type.dtype || value.shape != type.shape {
        return "a parameter or state is \(value.type) where it was \(type)"
      }
      if state.requiresGrad != tracked {
        return "a parameter of type \(type) \(tracked ? "no longer requires" : "requires") grad"
      }
      if case .any = grad { continue }
      switch (grad, state.grad) {
      case (.any, _), (.missing, nil): break
      case (.missing, _): return "the gradient of a parameter of type \(type) is there: it was nil"
      case (.present, nil): return "the gradient of a parameter of type \(type) is nil"
      case (.present(let type), let now?):
        if now.type != type { return "a gradient is \(now.type) where it was \(type)" }
      }
    }
    return nil
  }
}

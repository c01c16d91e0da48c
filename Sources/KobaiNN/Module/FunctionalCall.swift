import KobaiTensor
import KobaiTransforms

/// Calls a module with other values in the place of its parameters and buffers.
///
///     let state = net.stateDict()
///     functionalCall(net, state) { $0(x) }                           // net(x), as a function of state
///     grad { (p: [String: Tensor]) in functionalCall(net, p) { loss($0(x), y) } }(parameters)
///
/// The values may be tracked, batched or traced: an ensemble is `vmap` over stacked parameters. Names that
/// `values` lacks keep the module's own tensors. What the module assigns to a state that was given (running
/// statistics) is dropped; see `functionalCallWithState`.
///
/// - Parameters:
///   - values: by the names of `namedParameters` and `namedBuffers`, of the same shapes and dtypes.
///   - body: calls the module.
public func functionalCall<M: ModuleBase, R>(
  _ module: M, _ values: [String: Tensor], _ body: (M) -> R
) -> R {
  functionalCallWithState(module, values, body).result
}

/// `functionalCall` that also gives the values at the end: of buffers that the module has assigned, the new
/// ones.
public func functionalCallWithState<M: ModuleBase, R>(
  _ module: M, _ values: [String: Tensor], _ body: (M) -> R
) -> (result: R, state: [String: Tensor]) {
  var states: [String: State] = [:]
  for (name, tensor) in module.namedParameters { states[name] = tensor.state }
  for (name, tensor) in module.namedBuffers { states[name] = tensor.state }
  var pairs: [(State, Tensor)] = []
  for (name, value) in values.sorted(by: { $0.key < $1.key }) {
    guard let state = states[name] else {
      misuse(
        "functionalCall: the module has no parameter or buffer \(name); its names are "
          + "\(states.keys.sorted())", else: ())
      continue
    }
    let own = Tensor(state.value).type
    guard value.type == own else {
      misuse(
        "functionalCall: \(name) must be \(own), but is \(value.type)", else: ())
      continue
    }
    pairs.append((state, value))
  }
  let substitution = Substitution(pairs)
  let result = substitution.run { body(module) }
  var after = values
  for name in values.keys {
    if let state = states[name] { after[name] = substitution[state] }
  }
  return (result, after)
}

/// The value of a loss and its gradients with respect to a module's parameters, by name. No `grad` of a
/// parameter is touched.
///
///     let (loss, gradients) = valueAndGrad(net) { net in crossEntropy(net(x), y) }
///     gradients["fc1.weight"]
public func valueAndGrad<M: ModuleBase>(
  _ module: M, _ loss: @escaping (M) -> Tensor
) -> (Tensor, [String: Tensor]) {
  var parameters: [String: Tensor] = [:]
  for (name, parameter) in module.namedParameters where parameter.requiresGrad {
    parameters[name] = parameter.detach()
  }
  let both = valueAndGrad { (p: [String: Tensor]) in functionalCall(module, p, loss) }
  return both(parameters)
}

/// The parameters (and buffers) of several modules of one kind, stacked along a first dimension: for `vmap` over
/// an ensemble.
///
///     let stacked = stackParameters(nets)
///     vmap({ (p: [String: Tensor], x: Tensor) in functionalCall(nets[0], p) { $0(x) } },
///          inAxes: [0, nil])(stacked, x)
public func stackParameters(_ modules: [some ModuleBase]) -> [String: Tensor] {
  guard let first = modules.first else { return [:] }
  var result: [String: Tensor] = [:]
  let names = first.namedParameters.map(\.name) + first.namedBuffers.map(\.name)
  let all = modules.map { module in
    Dictionary(
      module.namedParameters.map { ($0.name, $0.parameter) }
        + module.namedBuffers.map { ($0.name, $0.buffer) }, uniquingKeysWith: { a, _ in a })
  }
  for name in names {
    result[name] = Tensor.stack(all.map { ($0[name] ?? .poison).detach() })
  }
  return result
}

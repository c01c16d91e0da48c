import KobaiTensor

/// What an optimizer needs to go on where it was: a flat tree of tensors and text, for safetensors files.
///
/// Names follow PyTorch's `state_dict`: tensors are called `state.0.exp_avg` (parameter 0, counted over all
/// groups), options `param_groups.0.lr`; the group's parameters are `param_groups.0.params`.
///
///     let state = optimizer.stateDict()
///     state.tensors.map(\.name)               // ["state.0.step", "state.0.exp_avg", …]
///     state.metadata["param_groups.0.lr"]     // Optional("0.001")
///
/// Tensors and text give the same optimizer again, bit by bit.
public struct OptimizerState: Sendable {
  /// The states in the order of the parameters.
  public var tensors: [(name: String, value: Tensor)]
  /// The options, as JSON texts.
  public var metadata: [String: String]

  /// A state from its parts.
  public init(tensors: [(name: String, value: Tensor)], metadata: [String: String]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// The tensor of that name.
  public subscript(name: String) -> Tensor? { tensors.first { $0.name == name }?.value }
}

/// A saved state that does not belong to the optimizer or scheduler that is to take it up.
public struct OptimizerStateError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence: what was found, what must hold, what to do.
  public let message: String
  /// An error with this sentence.
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

extension Optimizer {
  /// The states and options as they are now. Tensors are values: later steps do not change them.
  public final func stateDict() -> OptimizerState {
    var result = OptimizerState(tensors: [], metadata: ["optimizer": name])
    var index = 0
    for (g, group) in parameterGroups.enumerated() {
      let prefix = "param_groups.\(g)."
      for option in group.options {
        result.metadata[prefix + option.name.rawValue] = option.value.description
      }
      if let initial = group.initialLR {
        result.metadata[prefix + "initial_lr"] = HyperparameterValue.number(initial).description
      }
      let indices = group.params.indices.map { Double(index + $0) }
      result.metadata[prefix + "params"] = HyperparameterValue.numbers(indices).description
      for parameter in group.states {
        if let kept = knownState(of: parameter) {
          for name in kept.names {
            guard let tensor = kept[name] else { continue }
            result.tensors.append(("state.\(index).\(name)", tensor.data))
          }
        }
        index += 1
      }
    }
    return result
  }

  /// Takes up a state that `stateDict` gave. Nothing changes if it does not fit.
  ///
  /// - Throws: `OptimizerStateError` if the groups have other sizes, an option has another kind, or a tensor
  ///   belongs to no parameter.
  public final func load(_ state: OptimizerState) throws {
    let options = try parameterGroups.indices.map { try readOptions(state, group: $0) }
    let groupCount = (0...).first { state.metadata["param_groups.\($0).params"] == nil } ?? 0
    guard groupCount == parameterGroups.count else {
      throw OptimizerStateError(
        "\(name): loaded state dict has a different number of parameter groups: \(groupCount) in the "
          + "state, \(parameterGroups.count) here; build the optimizer as it was when it was saved")
    }
    let parameters = parameterGroups.flatMap(\.states)
    let kept = try state.tensors.map { try place($0.name, $0.value, parameters) }

    for (group, values) in zip(parameterGroups, options) {
      for (option, value) in values { group[option] = value }
      group.initialLR = nil
    }
    for g in parameterGroups.indices {
      parameterGroups[g].initialLR = state.metadata["param_groups.\(g).initial_lr"].flatMap(
        Double.init)
    }
    forgetState()
    for (index, key, value) in kept { self.state(of: parameters[index])[key] = value }
    stateWasLoaded()
  }

  private func readOptions(
    _ state: OptimizerState, group g: Int
  ) throws -> [(Hyperparameter, HyperparameterValue)] {
    let (group, prefix) = (parameterGroups[g], "param_groups.\(g).")
    if let text = state.metadata[prefix + "params"] {
      let count = HyperparameterValue(json: text)?.numbers?.count ?? 0
      guard count == group.params.count else {
        throw OptimizerStateError(
          "\(name): loaded state dict contains a parameter group that doesn't match the size of "
            + "optimizer's group: \(count) parameters in group \(g) of the state, "
            + "\(group.params.count) here; build the optimizer as it was when it was saved")
      }
    }
    return try group.options.compactMap { option in
      guard let text = state.metadata[prefix + option.name.rawValue] else { return nil }
      guard let value = HyperparameterValue(json: text), value.kind == option.value.kind else {
        throw OptimizerStateError(
          "\(name): option \(option.name) of group \(g) is \(text) in the state, but "
            + "\(option.value) here; both must be of one kind")
      }
      return (option.name, value)
    }
  }

  private func place(
    _ name: String, _ value: Tensor, _ parameters: [State]
  ) throws -> (index: Int, key: String, value: Tensor) {
    let parts = name.split(separator: ".", maxSplits: 2)
    guard parts.count == 3, parts[0] == "state", let index = Int(parts[1]),
      parameters.indices.contains(index)
    else {
      throw OptimizerStateError(
        "\(self.name): the state has a tensor \(name), which belongs to none of the "
          + "\(parameters.count) parameters; names are state.<parameter>.<name>")
    }
    guard let kept = accepted(String(parts[2]), value, of: parameters[index]) else {
      throw OptimizerStateError(
        "\(self.name): \(name) has shape \(value.shape), but its parameter has "
          + "\(parameters[index].value.shape); build the optimizer as it was when it was saved")
    }
    return (index, String(parts[2]), kept)
  }
}

extension HyperparameterValue {
  fileprivate var kind: Int {
    switch self {
    case .number: 0
    case .flag: 1
    case .text, .none: 2
    case .numbers: 3
    }
  }
}

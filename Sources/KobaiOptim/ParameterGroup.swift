import KobaiTensor

/// Parameters that an optimizer treats alike, with the options that hold for them.
///
///     let optimizer = SGD(
///       [
///         ParameterGroup(net.base.parameters),
///         ParameterGroup(net.head.parameters, lr: 1e-3),
///       ], lr: 1e-2, momentum: 0.9)
///     optimizer.parameterGroups[1].lr      // 0.001
///
/// Options that a group does not state are those of the optimizer. A group belongs to one optimizer.
public final class ParameterGroup {
  /// The live tensors, in the order in which they were given.
  public let params: [Tensor]
  /// Their names, where they were given with names.
  public let names: [String]?
  /// The learning rate that schedules start from; set by the first scheduler.
  public var initialLR: Double?

  /// Options by name, in the order of the optimizer's defaults.
  public private(set) var options: [(name: Hyperparameter, value: HyperparameterValue)]
  /// Changes whenever an option other than a number does, or a number becomes 0 or ceases to be: these decide
  /// what is kept.
  private(set) var revision = 0
  /// The identities of `params`.
  private(set) var states: [State] = []
  /// The numbers among the options as float64, in the order of the optimizer's defaults. A state, so that
  /// a compiled step reads what a schedule has set.
  private var numbersState: State?

  /// - Parameters:
  ///   - params: live tensors: leaves that require grad, parameters.
  ///   - names: one for each parameter.
  ///   - lr: the group's learning rate; the optimizer's unless given.
  ///   - weightDecay: the group's weight decay; the optimizer's unless given.
  ///   - options: any other option of the optimizer.
  public init(
    _ params: [Tensor], names: [String]? = nil, lr: Double? = nil, weightDecay: Double? = nil,
    _ options: KeyValuePairs<Hyperparameter, HyperparameterValue> = [:]
  ) {
    self.params = params
    self.names = names
    self.options = options.map { ($0.key, $0.value) }
    if let lr { self.options.append((.lr, .number(lr))) }
    if let weightDecay { self.options.append((.weightDecay, .number(weightDecay))) }
  }

  /// An option; nil if the optimizer has none of that name.
  public subscript(name: Hyperparameter) -> HyperparameterValue? {
    get { options.first { $0.name == name }?.value }
    set {
      guard let newValue else { return }
      guard let i = options.firstIndex(where: { $0.name == name }) else {
        return misuse(
          "ParameterGroup: there is no option \(name); the options are "
            + options.map(\.name.rawValue).joined(separator: ", "), else: ())
      }
      let old = options[i].value
      options[i].value = newValue
      if newValue.number == nil || (old.number == 0) != (newValue.number == 0) { revision += 1 }
      refreshNumbers()
    }
  }

  /// A number among the options; 0 if there is none of that name.
  public subscript(number name: Hyperparameter) -> Double {
    get { self[name]?.number ?? 0 }
    set { self[name] = .number(newValue) }
  }

  /// A flag among the options; false if there is none of that name.
  public subscript(flag name: Hyperparameter) -> Bool {
    get { self[name]?.flag ?? false }
    set { self[name] = .flag(newValue) }
  }

  /// The learning rate.
  public var lr: Double {
    get { self[number: .lr] }
    set { self[.lr] = .number(newValue) }
  }

  /// The numbers among the options as a live float64 tensor, in the order of the optimizer's defaults:
  /// what a traced update reads them from.
  public var numbers: Tensor {
    numbersState?.tensor ?? Tensor(options.compactMap(\.value.number), dtype: .float64)
  }

  /// Takes the optimizer's options where the group states none.
  func complete(_ defaults: [(name: Hyperparameter, value: HyperparameterValue)], for name: String)
  {
    for own in options where !defaults.contains(where: { $0.name == own.name }) {
      misuse(
        "\(name): has no option \(own.name); the options are "
          + defaults.map(\.name.rawValue).joined(separator: ", "), else: ())
    }
    options = defaults.map { ($0.name, self[$0.name] ?? $0.value) }
    states = params.compactMap(\.state)
    revision += 1
    refreshNumbers()
  }

  private func refreshNumbers() {
    let value = Tensor(options.compactMap(\.value.number), dtype: .float64).value
    if let numbersState {
      numbersState.value = value
    } else {
      numbersState = State(value, requiresGrad: false)
    }
  }
}

/// What an array given to an optimizer may hold: tensors, or groups of them.
public protocol OptimizerParameter {
  /// The groups that an array of these stands for.
  static func groups(_ elements: [Self]) -> [ParameterGroup]
}

extension Tensor: OptimizerParameter {
  /// One group of all.
  public static func groups(_ elements: [Tensor]) -> [ParameterGroup] {
    [ParameterGroup(elements)]
  }
}

extension ParameterGroup: OptimizerParameter {
  /// The groups themselves.
  public static func groups(_ elements: [ParameterGroup]) -> [ParameterGroup] { elements }
}

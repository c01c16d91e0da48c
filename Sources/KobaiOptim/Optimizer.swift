import KobaiTensor

/// Changes parameters so that a loss becomes smaller: the base of all optimizers.
///
///     let optimizer = Adam(net.parameters, lr: 1e-3)
///     for (x, y) in batches {
///       let loss = crossEntropy(net(x), y)
///       optimizer.zeroGrad()
///       loss.backward()
///       optimizer.step()
///     }
///
/// A subclass overrides `update(_:)` and keeps what it needs in `state(of:)`, all of it live tensors:
///
///     final class SignSGD: Optimizer {
///       init(_ params: [Tensor], lr: Double) {
///         super.init("SignSGD", [ParameterGroup(params)], defaults: [.lr: .number(lr)])
///       }
///       override func update(_ group: ParameterGroup) {
///         for p in group.params {
///           guard let grad = p.grad else { continue }
///           p.data = p.data - group.lr * grad.sign()
///         }
///       }
///     }
open class Optimizer: CustomStringConvertible {
  /// The groups in the order in which they were added.
  public private(set) final var parameterGroups: [ParameterGroup] = []
  /// What holds for groups that do not state an option.
  public final let defaults: [(name: Hyperparameter, value: HyperparameterValue)]
  /// The optimizer's name, for errors and descriptions.
  public final let name: String
  private final var stored: [ObjectIdentifier: ParameterState] = [:]

  /// - Parameters:
  ///   - name: for errors and descriptions.
  ///   - groups: at least one parameter in all.
  ///   - defaults: the options, in the order in which `ParameterGroup.numbers` has the numbers among them.
  public init(
    _ name: String, _ groups: [ParameterGroup],
    defaults: KeyValuePairs<Hyperparameter, HyperparameterValue>
  ) {
    self.name = name
    self.defaults = defaults.map { ($0.key, $0.value) }
    if groups.allSatisfy(\.params.isEmpty) {
      misuse(
        "\(name): optimizer got an empty parameter list; give live tensors that require grad",
        else: ())
    }
    for group in groups { addParameterGroup(group) }
  }

  /// Adds parameters, as when frozen layers are to be trained from now on.
  open func addParameterGroup(_ group: ParameterGroup) {
    guard accepts(group) else { return }
    group.complete(defaults, for: name)
    parameterGroups.append(group)
    validate(group)
  }

  /// Checks the options of a group that has just been added; a misuse if they cannot be worked with.
  open func validate(_ group: ParameterGroup) {}

  private func accepts(_ group: ParameterGroup) -> Bool {
    func refuse(_ text: String) -> Bool { misuse("\(name): \(text)", else: false) }
    for (i, tensor) in group.params.enumerated() where tensor.state == nil {
      return refuse(
        "can't optimize a non-leaf Tensor (parameter \(i), \(tensor.dtype)\(tensor.shape)); only live "
          + "tensors can be optimized: leaves that require grad, parameters")
    }
    let own = Set(group.params.compactMap(\.state).map { ObjectIdentifier($0) })
    guard own.count == group.params.count else {
      return refuse(
        "optimizer contains a parameter group with duplicate parameters; give each parameter once")
    }
    if let names = group.names, names.count != group.params.count {
      return refuse(
        "all optimizer params should be with/without names. Some param names are missing: "
          + "\(names.count) names for \(group.params.count) parameters")
    }
    for other in parameterGroups {
      guard (other.names == nil) == (group.names == nil) else {
        return refuse(
          "all optimizer param groups should be with/without names. cannot add param group "
            + "\(group.names == nil ? "without" : "with") names to the optimizer")
      }
      if other.states.contains(where: { own.contains(ObjectIdentifier($0)) }) {
        return refuse(
          "some parameters appear in more than one parameter group; give each parameter once")
      }
    }
    return true
  }

  /// Changes the parameters by the gradients that they have now. Parameters without one stay.
  open func step() {
    noGrad { for group in parameterGroups { update(group) } }
  }

  /// Computes the loss, then takes a step.
  ///
  /// - Parameter closure: clears the gradients, computes the loss, calls `backward`, returns the loss.
  /// - Returns: what the closure returned.
  @discardableResult
  open func step(_ closure: () -> Tensor) -> Tensor {
    let loss = enableGrad(closure)
    step()
    return loss
  }

  /// One step for the parameters of a group. Called inside of `noGrad`.
  open func update(_ group: ParameterGroup) {
    misuse("\(name): declares no update; override update(_:) in \(type(of: self))", else: ())
  }

  /// Forgets the gradients of all parameters, or makes them zero.
  public final func zeroGrad(setToNone: Bool = true) {
    for group in parameterGroups {
      for state in group.states {
        if setToNone {
          state.grad = nil
        } else if let grad = state.grad {
          state.grad = Tensor(grad.current.value.zeros)
        }
      }
    }
  }

  /// The learning rate of the first group; setting it sets that of all groups.
  public final var lr: Double {
    get { parameterGroups.first?.lr ?? 0 }
    set { for group in parameterGroups { group.lr = newValue } }
  }

  /// What is kept for a parameter; empty before its first step.
  public final func state(of parameter: Tensor) -> ParameterState {
    guard let state = parameter.state else {
      return misuse("\(name): state(of:) needs a live tensor", else: ParameterState())
    }
    return self.state(of: state)
  }

  final func state(of parameter: State) -> ParameterState {
    let key = ObjectIdentifier(parameter)
    if let known = stored[key] { return known }
    let new = ParameterState()
    stored[key] = new
    return new
  }

  /// What is kept for a parameter, if it has been given anything to keep.
  final func knownState(of parameter: State) -> ParameterState? {
    stored[ObjectIdentifier(parameter)]
  }

  /// Drops all that is kept.
  final func forgetState() { stored = [:] }

  /// A saved tensor as it can be kept for a parameter; nil if it cannot.
  func accepted(_ key: String, _ value: Tensor, of parameter: State) -> Tensor? { value }

  /// Called when `load` has replaced what is kept.
  func stateWasLoaded() {}

  /// The options of each group, as PyTorch prints them.
  public var description: String {
    var lines = ["\(name) ("]
    for (i, group) in parameterGroups.enumerated() {
      lines.append("Parameter Group \(i)")
      let options = group.options.sorted { $0.name.rawValue < $1.name.rawValue }
      lines += options.map { "    \($0.name): \($0.value)" }
    }
    return (lines + [")"]).joined(separator: "\n")
  }
}

extension Value {
  /// Zeros of this value's type, made without an operation.
  var zeros: Value {
    Value.make(dtype, shape) { out in
      out.initializeMemory(as: UInt8.self, repeating: 0, count: count * dtype.size)
    }
  }

  /// A real rank-0 value, made without an operation.
  static func number(_ number: Double, _ dtype: DType = .float32) -> Value {
    Value(bits: number.bitPattern, dtype: .float64).cast(to: dtype)
  }

  /// The element of a rank-0 value.
  var number: Double { Double(bitPattern: cast(to: .float64).bits) }
}

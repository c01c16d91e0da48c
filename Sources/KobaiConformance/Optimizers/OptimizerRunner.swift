import Kobai
import KobaiTensor

/// `optimizer` and `optimizer_error`.
public struct OptimizerRunner: CaseRunner {
  private let registry: OptimizerRegistry

  public init(_ registry: OptimizerRegistry) { self.registry = registry }

  public func run(_ item: Case, in suite: Suite) throws {
    guard case .optimizer(let wanted) = item.body else { throw Unsupported("kind \(item.kind)") }
    guard let make = registry.factories[wanted.optimizer] else {
      throw Unsupported("no optimizer \(wanted.optimizer)")
    }
    if wanted.isUnstable {
      throw NotApplicable("the reference is unstable: float32 and float64 disagree")
    }
    let session = Session(try suite.tensors(of: item))
    if wanted.error != nil {
      try mustFail(wanted, make, session)
    } else {
      try recovering { try Training(wanted, make, session).check() }
    }
  }

  private func mustFail(
    _ wanted: OptimizerCase, _ make: OptimizerRegistry.Factory, _ session: Session
  ) throws {
    let arguments = Arguments([], wanted.kwargs, parameters: [], session: session)
    do {
      try recovering {
        let groups =
          wanted.params == .null
          ? [ParameterGroup([Tensor.zeros([2, 2]).asState(requiresGrad: true)])]
          : try Self.groups(wanted.params, session)
        try make(groups, arguments).step()
      }
    } catch let error as ArgumentTypeMismatch {
      throw NotApplicable(error.reason)
    } catch let error as Misuse {
      // Not being able to take an option is no refusal of its value.
      if error.message.contains("override update") { throw error }
      return
    }
    let leftover = arguments.leftover
    if !leftover.isEmpty { throw Unsupported("argument \(leftover.joined(separator: ", "))") }
    throw Mismatch("accepted, but PyTorch refuses it: \(wanted.error?.message ?? "")")
  }

  /// Parameters as a list of tensors, of (name, tensor), or of groups of these.
  private static func groups(_ value: CaseValue, _ session: Session) throws -> [ParameterGroup] {
    guard case .list(let items) = value else {
      throw ArgumentTypeMismatch("the parameters are of type [Tensor], not \(value.kind)")
    }
    let areGroups = items.allSatisfy { if case .dict = $0 { true } else { false } }
    guard areGroups else { return [try group(items, [:], session)] }
    return try items.map { item in
      guard case .dict(var options) = item else { return ParameterGroup([]) }
      let members: [CaseValue] =
        switch options.removeValue(forKey: "params") ?? .null {
        case .list(let members): members
        case let single: [single]
        }
      return try group(members, options, session)
    }
  }

  private static func group(
    _ members: [CaseValue], _ options: [String: CaseValue], _ session: Session
  ) throws -> ParameterGroup {
    var tensors: [Tensor] = []
    var names: [String] = []
    for member in members {
      switch member {
      case .tensor(let reference): tensors.append(try live(reference, session))
      case .tuple(let pair):
        guard pair.count == 2, case .string(let name) = pair[0],
          case .tensor(let reference) = pair[1]
        else { throw ArgumentTypeMismatch("a named parameter is a name and a tensor") }
        names.append(name)
        tensors.append(try live(reference, session))
      default: throw ArgumentTypeMismatch("a parameter is of type Tensor, not \(member.kind)")
      }
    }
    let group = ParameterGroup(tensors, names: names.isEmpty ? nil : names)
    guard options.isEmpty else { return try Self.group(group, options) }
    return group
  }

  /// Overrides as they stand in a case. Only numbers occur.
  static func group(_ group: ParameterGroup, _ options: [String: CaseValue]) throws
    -> ParameterGroup
  {
    guard options.keys.allSatisfy({ $0 == "lr" }) else {
      throw Unsupported("options of a group: \(options.keys.sorted().joined(separator: ", "))")
    }
    guard case .float(let lr)? = options["lr"] else {
      throw ArgumentTypeMismatch("the option lr is of type Double")
    }
    return ParameterGroup(group.params, names: group.names, lr: lr)
  }

  /// Every parameter is live, whether it requires grad or not; the same key gives the same one.
  fileprivate static func live(_ reference: TensorReference, _ session: Session) throws -> Tensor {
    let tensor = try session.tensor(reference)
    if tensor.state != nil { return tensor }
    let live = tensor.asState(requiresGrad: reference.requiresGrad)
    session.update(reference, to: live)
    return live
  }
}

/// The steps of one case.
private struct Training {
  let wanted: OptimizerCase
  let session: Session
  let parameters: [Tensor]
  let optimizer: Optimizer

  init(
    _ wanted: OptimizerCase, _ make: OptimizerRegistry.Factory, _ session: Session
  ) throws {
    self.wanted = wanted
    self.session = session
    guard case .list(let values) = wanted.params else { throw SuiteError("params is not a list") }
    parameters = try values.map { value in
      guard case .tensor(let reference) = value else { throw SuiteError("not a tensor: \(value)") }
      let host = try session.host(reference)
      return Tensor(bytes: host.bytes, dtype: host.dtype, shape: host.shape)
        .asState(requiresGrad: true)
    }
    let parameters = parameters
    let groups =
      try wanted.groups.isEmpty
      ? [ParameterGroup(parameters)]
      : wanted.groups.map { group in
        let members = ParameterGroup(group.params.map { parameters[$0] })
        return group.kwargs.isEmpty ? members : try OptimizerRunner.group(members, group.kwargs)
      }
    let arguments = Arguments([], wanted.kwargs, parameters: [], session: session)
    do {
      optimizer = try make(groups, arguments)
    } catch let error as ArgumentTypeMismatch {
      throw Unsupported(error.reason)
    }
    let leftover = arguments.leftover
    guard leftover.isEmpty else {
      throw Unsupported("\(wanted.optimizer): argument \(leftover.joined(separator: ", "))")
    }
  }

  func check() throws {
    let grads = try wanted.grads.map { try $0.map(session.tensor) }
    let pairs = try wanted.closure?.leastSquares.map { try $0.map(session.tensor) }
    for step in 1...(wanted.expect.keys.max() ?? 1) {
      if let pairs {
        optimizer.step { leastSquares(pairs) }
      } else {
        for (parameter, grad) in zip(parameters, grads) {
          parameter.grad = grad.map { $0[step - 1].clone() }
        }
        optimizer.step()
      }
      for (i, reference) in (wanted.expect[step] ?? []).enumerated() {
        try Comparison.close(
          HostTensor(parameters[i]), session.host(reference),
          reference.tolerance ?? Tolerance(relative: 0, absolute: 0),
          "parameter \(i) after step \(step)")
      }
    }
  }

  /// Σ ½‖A p − B‖².
  private func leastSquares(_ pairs: [[Tensor]]) -> Tensor {
    optimizer.zeroGrad()
    let losses = zip(parameters, pairs).map { parameter, pair in
      (pair[0].matmul(parameter) - pair[1]).square().sum() * 0.5
    }
    let loss = losses.dropFirst().reduce(losses[0]) { $0 + $1 }
    loss.backward()
    return loss
  }
}

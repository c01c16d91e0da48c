import KobaiTensor

extension ModuleBase {
  /// The parameters and persistent buffers under PyTorch's names. The values are those of now: what is
  /// trained later does not change them.
  ///
  ///     Linear(2, 3).stateDict().keys   // ["weight", "bias"]
  public final func stateDict() -> StateDict {
    StateDict(namedState.map { ($0.name, $0.tensor.data) })
  }

  /// Replaces the values of parameters and buffers by those of `stateDict`.
  ///
  ///     try net.load(other.stateDict())
  ///
  /// Values are converted to the dtype of the module. Nothing is changed unless all that is asked for
  /// can be.
  ///
  /// - Parameter strict: whether names that only one side has are an error.
  /// - Returns: the names that only one side has.
  /// - Throws: `LoadError`, with every missing, unexpected and mismatched name, if shapes differ or, with
  ///   `strict`, names do.
  @discardableResult
  public final func load(_ stateDict: StateDict, strict: Bool = true) throws(LoadError)
    -> LoadReport
  {
    let own = namedState
    var report = LoadReport()
    var changes: [(State, Value)] = []
    for (name, tensor) in own {
      guard let new = stateDict[name] else {
        report.missing.append(name)
        continue
      }
      guard new.shape == tensor.shape else {
        report.mismatched.append(
          LoadReport.Mismatch(name: name, given: new.shape, expected: tensor.shape))
        continue
      }
      if let state = tensor.state {
        changes.append((state, new.current.value.cast(to: state.dtype)))
      }
    }
    let known = Set(own.map(\.name))
    report.unexpected = stateDict.keys.filter { !known.contains($0) }
    guard report.mismatched.isEmpty, !strict || report.isExact else {
      throw LoadError(module: "\(type(of: self))", report: report)
    }
    for (state, value) in changes { state.value = value }
    return report
  }

  /// What the state holds: shared tensors under each of their names, as in PyTorch.
  final var namedState: [(name: String, tensor: Tensor)] {
    var result: [(String, Tensor)] = []
    var above: Set<ObjectIdentifier> = []
    collectState("", &above, &result)
    return result
  }

  private final func collectState(
    _ path: String, _ above: inout Set<ObjectIdentifier>, _ result: inout [(String, Tensor)]
  ) {
    guard above.insert(ObjectIdentifier(self)).inserted else { return }
    defer { above.remove(ObjectIdentifier(self)) }
    let members = members
    // PyTorch's order: parameters, buffers, modules.
    for member in members {
      if case .parameter(let tensor?) = member.kind {
        result.append((path.appending(member.name), tensor))
      }
    }
    for member in members {
      if case .buffer(let tensor?, isPersistent: true) = member.kind {
        result.append((path.appending(member.name), tensor))
      }
    }
    for member in members {
      if case .module(let module) = member.kind {
        module.collectState(path.appending(member.name), &above, &result)
      }
    }
  }
}

/// What `load` found.
public struct LoadReport: Sendable, Hashable, CustomStringConvertible {
  /// Names that the module has and the state does not.
  public internal(set) var missing: [String] = []
  /// Names that the state has and the module does not.
  public internal(set) var unexpected: [String] = []
  /// Names whose shapes differ.
  public internal(set) var mismatched: [Mismatch] = []

  /// A tensor whose shape does not fit.
  public struct Mismatch: Sendable, Hashable {
    /// Its name in the state.
    public let name: String
    /// The shape in the state that was to be loaded, and the module's.
    public let given, expected: Shape
  }

  /// Every name was found on both sides, with the same shape.
  public var isExact: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

  public var description: String {
    if isExact { return "all keys matched" }
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing: " + missing.joined(separator: ", ")) }
    if !unexpected.isEmpty { parts.append("unexpected: " + unexpected.joined(separator: ", ")) }
    if !mismatched.isEmpty {
      parts.append(
        "mismatched: "
          + mismatched.map { "\($0.name) has shape \($0.given) where \($0.expected) is expected" }
          .joined(separator: ", "))
    }
    return parts.joined(separator: "; ")
  }
}

/// A state that does not belong to the module it was to be loaded into.
public struct LoadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The module's type.
  public let module: String
  /// Every missing, unexpected and mismatched name.
  public let report: LoadReport

  public var description: String {
    "load: the state does not fit \(module): \(report); load it into the module that saved it, "
      + "or give strict: false to take what fits"
  }
}

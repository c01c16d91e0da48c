import KobaiTensor

extension ModuleBase {
  /// The modules directly below, each once.
  public final var children: [ModuleBase] { namedChildren.map(\.module) }

  /// The modules directly below with their names, each once.
  public final var namedChildren: [(name: String, module: ModuleBase)] {
    var seen: Set<ObjectIdentifier> = []
    return members.compactMap { member in
      guard case .module(let module) = member.kind,
        seen.insert(ObjectIdentifier(module)).inserted
      else { return nil }
      return (member.name, module)
    }
  }

  /// This module and all below, each once.
  public final var modules: [ModuleBase] { namedModules.map(\.module) }

  /// This module (under the empty name) and all below with their paths, each once.
  ///
  ///     net.namedModules.map(\.name)   // ["", "conv1", "layers.0", "layers.0.bn"]
  public final var namedModules: [(name: String, module: ModuleBase)] {
    var seen: Set<ObjectIdentifier> = []
    var result: [(String, ModuleBase)] = []
    visit("") { path, module in
      guard seen.insert(ObjectIdentifier(module)).inserted else { return false }
      result.append((path, module))
      return true
    }
    return result
  }

  /// The live tensors that training changes, each once, in the order of declaration.
  ///
  ///     let optimizer = SGD(net.parameters, lr: 0.1)
  public final var parameters: [Tensor] { namedParameters.map(\.parameter) }

  /// The parameters with their paths, each once: a shared one under its first name.
  ///
  ///     Linear(2, 3).namedParameters.map(\.name)   // ["weight", "bias"]
  public final var namedParameters: [(name: String, parameter: Tensor)] {
    var seen: Set<ObjectIdentifier> = []
    var result: [(String, Tensor)] = []
    for (path, module) in namedModules {
      for member in module.members {
        guard case .parameter(let tensor?) = member.kind, let state = tensor.state,
          seen.insert(ObjectIdentifier(state)).inserted
        else { continue }
        result.append((path.appending(member.name), tensor))
      }
    }
    return result
  }

  /// The buffers, each once.
  public final var buffers: [Tensor] { namedBuffers.map(\.buffer) }

  /// The buffers with their paths, each once, those that the state does not hold too.
  public final var namedBuffers: [(name: String, buffer: Tensor)] {
    var seen: Set<ObjectIdentifier> = []
    var result: [(String, Tensor)] = []
    for (path, module) in namedModules {
      for member in module.members {
        guard case .buffer(let tensor?, _) = member.kind, let state = tensor.state,
          seen.insert(ObjectIdentifier(state)).inserted
        else { continue }
        result.append((path.appending(member.name), tensor))
      }
    }
    return result
  }

  /// Calls `body` with this module and all below, children first.
  ///
  ///     net.apply { if let layer = $0 as? Linear { noGrad { layer.weight.fill_(1) } } }
  @discardableResult
  public final func apply(_ body: (ModuleBase) -> Void) -> Self {
    for child in children { child.apply(body) }
    body(self)
    return self
  }

  /// Forgets the gradients of all parameters.
  public final func zeroGrad() {
    for parameter in parameters { parameter.zeroGrad() }
  }

  /// Whether the parameters are trained: `false` freezes them.
  @discardableResult
  public final func requiresGrad_(_ requiresGrad: Bool = true) -> Self {
    for parameter in parameters { parameter.state?.requiresGrad = requiresGrad }
    return self
  }

  /// Converts all floating-point parameters and buffers, in place: optimizers keep hold of them.
  ///
  ///     net.to(.float64)
  @discardableResult
  public final func to(_ dtype: DType) -> Self {
    guard dtype.isDifferentiable else {
      return misuse(
        "to: a module's parameters can only be floating point or complex, but the dtype is \(dtype); "
          + "convert single tensors instead", else: self)
    }
    for tensor in parameters + buffers where tensor.dtype.isDifferentiable {
      guard let state = tensor.state else { continue }
      state.value = state.value.cast(to: dtype)
      if let grad = state.grad { state.grad = Tensor(grad.current.value.cast(to: dtype)) }
    }
    return self
  }

  /// Moves the parameters and buffers to a device.
  @discardableResult
  public final func to(_ device: Device) -> Self {
    for tensor in parameters + buffers {
      tensor.state?.value = tensor.to(device).current.value
    }
    return self
  }

  /// Calls `body` with each module and its path; it returns whether to go on below. A module that
  /// refers back to one above it is not followed.
  final func visit(_ path: String, _ body: (String, ModuleBase) -> Bool) {
    guard body(path, self) else { return }
    for member in members {
      if case .module(let module) = member.kind { module.visit(path.appending(member.name), body) }
    }
  }
}

extension String {
  /// A path and a name below it.
  func appending(_ name: String) -> String { isEmpty ? name : "\(self).\(name)" }
}

import Kobai
import KobaiTensor

/// `module` and `module_error`.
public struct ModuleRunner: CaseRunner {
  private let registry: ModuleRegistry

  public init(_ registry: ModuleRegistry) { self.registry = registry }

  public func run(_ item: Case, in suite: Suite) throws {
    guard case .module(let body) = item.body else { throw Unsupported("kind \(item.kind)") }
    let session = Session(try suite.tensors(of: item))
    if let expected = body.expected {
      if expected.isUnstable {
        throw NotApplicable("the reference is unstable: float32 and float64 disagree")
      }
      try check(body, item.dtype, expected, session)
    } else {
      try mustFail(body, session)
    }
  }

  private func make(_ body: ModuleCase, _ session: Session) throws -> MadeModule {
    try registry.make(body.module) { parameters in
      Arguments(
        body.constructorArgs, body.constructorKwargs, parameters: parameters, session: session)
    }
  }

  private func call(_ made: MadeModule, _ body: ModuleCase, _ session: Session) throws -> Output {
    let arguments = Arguments(body.args, body.kwargs, parameters: made.inputs, session: session)
    let output = try made.call(arguments)
    try arguments.refuseLeftover(body.module)
    return output
  }

  private func check(
    _ body: ModuleCase, _ dtype: String?, _ expected: Expectation, _ session: Session
  ) throws {
    let (made, output) = try recovering {
      let made = try make(body, session)
      if let dtype = dtype.flatMap(DType.init(name:)) { made.module.to(dtype) }
      if let prepare = made.prepare {
        try prepare(
          Arguments(body.args, body.kwargs, parameters: made.inputs, session: session))
      }
      try load(body.state, into: made.module, session)
      made.module.train(body.isTraining)
      return (made, try call(made, body, session))
    }
    try recovering {
      try ResultCheck(session: session, expected: expected, call: nil).check(output)
    }
    withExtendedLifetime(made) {}
  }

  /// Loads the state by PyTorch's names; from then on its keys name the live tensors, so that gradients
  /// and writes are found.
  private func load(
    _ state: [String: TensorReference], into module: ModuleBase, _ session: Session
  ) throws {
    var values = StateDict()
    for (name, reference) in state.sorted(by: { $0.key < $1.key }) {
      let host = try session.host(reference)
      values[name] = Tensor(bytes: host.bytes, dtype: host.dtype, shape: host.shape)
    }
    try module.load(values)
    for (name, tensor) in module.namedParameters + module.namedBuffers {
      if let reference = state[name] { session.update(reference, to: tensor) }
    }
  }

  private func mustFail(_ body: ModuleCase, _ session: Session) throws {
    do {
      try recovering {
        let made = try make(body, session)
        if body.errorOn != "construction" { _ = try call(made, body, session) }
      }
    } catch let error as ArgumentTypeMismatch {
      throw NotApplicable(error.reason)
    } catch is Misuse {
      return
    }
    throw Mismatch("accepted, but PyTorch refuses it: \(body.error?.message ?? "")")
  }
}

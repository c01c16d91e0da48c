import KobaiTensor

/// Runs the cases of one or several kinds.
public protocol CaseRunner {
  /// Returns when the case has passed.
  ///
  /// - Throws: `Mismatch`, `Unsupported`, `NotApplicable`; any other error is a failure too.
  func run(_ item: Case, in suite: Suite) throws
}

/// `op` and `op_error`.
public struct CallRunner: CaseRunner {
  private let registry: Registry

  public init(_ registry: Registry) { self.registry = registry }

  public func run(_ item: Case, in suite: Suite) throws {
    guard case .call(let call) = item.body else { throw Unsupported("kind \(item.kind)") }
    guard let handler = registry.handlers[call.call] else {
      throw Unsupported("no handler for \(call.call)")
    }
    let file = try suite.tensors(of: item)
    if let expected = call.expected {
      try check(call, expected, handler, Session(file))
      if call.hasInPlaceForm, let inPlace = handler.runInPlace {
        try checkInPlace(call, expected, handler, inPlace, Session(file, tracksGradients: false))
      }
    } else {
      try mustFail(call, handler, Session(file))
    }
  }

  private func arguments(_ call: CallCase, _ handler: Handler, _ session: Session) -> Arguments {
    Arguments(call.args, call.kwargs, parameters: handler.parameters, session: session)
  }

  private func check(
    _ call: CallCase, _ expected: Expectation, _ handler: Handler, _ session: Session
  ) throws {
    if expected.isUnstable {
      throw NotApplicable("the reference is unstable: float32 and float64 disagree")
    }
    let arguments = arguments(call, handler, session)
    let output: Output
    do {
      output = try recovering { try handler.run(arguments) }
    } catch let error as ArgumentTypeMismatch {
      throw Unsupported("\(call.call): \(error.reason)")
    }
    try refuseLeftover(arguments, call)
    try recovering {
      try ResultCheck(session: session, expected: expected, call: call).check(output)
    }
  }

  private func checkInPlace(
    _ call: CallCase, _ expected: Expectation, _ handler: Handler,
    _ inPlace: @Sendable (Arguments) throws -> Output, _ session: Session
  ) throws {
    let arguments = arguments(call, handler, session)
    do {
      try recovering {
        let output = try inPlace(arguments)
        try ResultCheck(session: session, expected: expected, call: call).checkResults(output)
      }
    } catch let error as Mismatch {
      throw Mismatch("in place: \(error)")
    } catch let error as Misuse {
      throw Mismatch("in place: \(error)")
    }
    try refuseLeftover(arguments, call)
  }

  /// An argument that the handler did not read would be an unfounded pass.
  private func refuseLeftover(_ arguments: Arguments, _ call: CallCase) throws {
    if arguments.hasOutputArgument {
      throw NotApplicable("out=: in Swift results are returned, there is no such parameter")
    }
    let leftover = arguments.leftover
    guard leftover.isEmpty else {
      throw Unsupported("\(call.call): argument \(leftover.joined(separator: ", "))")
    }
  }

  private func mustFail(_ call: CallCase, _ handler: Handler, _ session: Session) throws {
    let arguments = arguments(call, handler, session)
    do {
      try recovering { _ = try handler.run(arguments) }
    } catch let error as ArgumentTypeMismatch {
      throw NotApplicable(error.reason)
    } catch let error as Unsupported {
      throw error
    } catch let error as NotApplicable {
      throw error
    } catch let error as SuiteError {
      throw error
    } catch {
      return try refuseLeftover(arguments, call)
    }
    try refuseLeftover(arguments, call)
    throw Mismatch("accepted, but PyTorch refuses it: \(call.error?.message ?? "")")
  }
}

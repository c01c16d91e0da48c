import CKernels

/// An operation that made the first NaN or infinity.
public struct Anomaly: Error, Sendable, CustomStringConvertible {
  /// The operation's name; in backward that of its node, `LogBackward0`.
  public let operation: String
  /// Whether a derivative made it.
  public let inBackward: Bool
  /// `NaN` or `infinity`.
  public let kind: String
  /// The shapes of the operation's inputs (in forward).
  public let inputs: [Shape]
  /// The module in whose `forward` the operation was called.
  public let scope: Scope

  public var description: String {
    let article = kind == "NaN" ? "a" : "an"
    let what =
      inBackward
      ? "anomaly: \(operation) gave \(article) \(kind) in its gradient"
      : "anomaly: \(operation) gave \(article) \(kind) from finite inputs of shape "
        + inputs.map { "\($0)" }.joined(separator: ", ")
    return scope.path.map { "\(what) (in \($0))" } ?? what
  }

  /// The number test is an operation, which this module does not name; see KobaiOperators.
  private final class Detector {
    let kind: (Tensor) -> String?
    var first: Anomaly?
    var isSuspended = false
    init(_ kind: @escaping (Tensor) -> String?) { self.kind = kind }
  }

  private static var detector: Detector? {
    kb_context_anomaly().map { Unmanaged<Detector>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Runs `body` with every result tested by `kind`; throws the first anomaly.
  package static func detect<R>(
    _ kind: @escaping (Tensor) -> String?, _ body: () throws -> R
  ) throws -> R {
    let detector = Detector(kind)
    let (outer, flags) = (kb_context_anomaly(), kb_context_flags())
    kb_context_set_anomaly(Unmanaged.passUnretained(detector).toOpaque())
    kb_context_set_flags(flags | UInt32(KB_CONTEXT_ANOMALY))
    defer {
      kb_context_set_anomaly(outer)
      kb_context_set_flags(flags)
    }
    let result = try withExtendedLifetime(detector) { try body() }
    if let first = detector.first { throw first }
    return result
  }

  /// Tests are not themselves tested.
  private static func quietly(_ body: (Detector) -> Void) {
    guard let detector, detector.first == nil else { return }
    let flags = kb_context_flags()
    kb_context_set_flags(flags & ~UInt32(KB_CONTEXT_ANOMALY))
    body(detector)
    kb_context_set_flags(flags)
  }

  static func checkForward(_ outputs: [Tensor], _ primitive: any Primitive, inputs: [Tensor]) {
    quietly { detector in
      for output in outputs {
        guard let kind = detector.kind(output),
          !inputs.contains(where: { detector.kind($0) != nil })
        else { continue }
        detector.first = Anomaly(
          operation: type(of: primitive).name, inBackward: false, kind: kind,
          inputs: inputs.map(\.shape), scope: .current)
        return
      }
    }
  }

  /// Runs a derivative rule. Its operations are not looked at one by one: what it hands on is, under the
  /// node's name, unless the cotangent it started from was no number already.
  static func inBackward(of node: Node, _ cotangent: Tensor?, _ body: () -> Void) {
    guard let detector, detector.first == nil else { return body() }
    let flags = kb_context_flags()
    kb_context_set_flags(flags & ~UInt32(KB_CONTEXT_ANOMALY))
    let outer = detector.isSuspended
    detector.isSuspended = cotangent.map { detector.kind($0) != nil } ?? false
    body()
    detector.isSuspended = outer
    kb_context_set_flags(flags)
  }

  static func checkBackward(_ cotangent: Tensor, _ node: Node) {
    quietly { detector in
      guard !detector.isSuspended, let kind = detector.kind(cotangent) else { return }
      detector.first = Anomaly(
        operation: node.name, inBackward: true, kind: kind, inputs: [],
        scope: node.scope)
    }
  }
}

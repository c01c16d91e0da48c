import CKernels
import KobaiOperators
import KobaiTensor
import KobaiTransforms

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

enum JIT {
  /// Whether a call compiles: not inside of transforms and traces, nor where every operation is looked at.
  static var replaces: Bool {
    kb_context_depth() == 0
      && kb_context_flags()
        & UInt32(KB_CONTEXT_TRACING | KB_CONTEXT_BATCHING | KB_CONTEXT_ANOMALY) == 0
  }

  static func warn(_ message: String) { say("warning: \(message)") }

  /// Whether the environment asks for graphs: `KOBAI_DEBUG=passes`.
  static let printsPasses =
    getenv("KOBAI_DEBUG").map { String(cString: $0).split(separator: ",").contains("passes") }
    ?? false

  /// Writes a line to standard error.
  static func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// What `jit` has compiled of one function.
///
/// `@unchecked Sendable`: the entries are read and replaced under a lock.
final class JITEngine<R>: @unchecked Sendable {
  let site: String
  let flatten: (R) -> [Tensor]
  let rebuild: (R, [Tensor]) -> R
  private let lock = Locked(())
  private var entries: [JITEntry<R>] = []
  private(set) var traceCount = 0
  private(set) var reasons: [String] = []

  init(
    site: String, flatten: @escaping (R) -> [Tensor], rebuild: @escaping (R, [Tensor]) -> R
  ) {
    self.site = site
    self.flatten = flatten
    self.rebuild = rebuild
  }

  func call(_ arguments: FlatTree, _ function: ([Tensor]) -> R) -> R {
    if let entry = locked(arguments) {
      return rebuild(entry.prototype, entry.replay(arguments.tensors))
    }
    let (entry, result) = JITEntry.trace(
      "jit (\(site))", arguments, function, flatten: flatten, rebuild: rebuild)
    guard let entry else { return result }
    lock.withLock { _ in
      if let last = entries.first(where: { !$0.isForOneCall }) ?? entries.first {
        let reason = last.mismatch(arguments) ?? "states were made by the call before"
        reasons.append(reason)
        // The second trace of a closure that makes its states in the first is expected.
        if !last.isForOneCall { warn(reason) }
      }
      traceCount += 1
      entries.removeAll(where: \.isForOneCall)
      entries.insert(entry, at: 0)
    }
    return rebuild(entry.prototype, entry.replay(arguments.tensors))
  }

  /// The graph after each pass, of what is compiled for these arguments.
  func inspect(
    _ arguments: FlatTree, _ function: ([Tensor]) -> R
  ) -> [(pass: String, graph: Graph)] {
    if let entry = locked(arguments) {
      return entry.program.stages
    }
    let (entry, _) = JITEntry.trace(
      "jit (\(site))", arguments, function, flatten: flatten, rebuild: rebuild)
    return entry?.program.stages ?? [(pass: "trace", graph: Graph())]
  }

  private func locked(_ arguments: FlatTree) -> JITEntry<R>? {
    var entry: JITEntry<R>?
    lock.withLock { _ in entry = find(arguments) }
    return entry
  }

  /// The entry for these arguments, moved to the front.
  private func find(_ arguments: FlatTree) -> JITEntry<R>? {
    for i in entries.indices where entries[i].matches(arguments) {
      if i > 0 { entries.swapAt(0, i) }
      return entries[0]
    }
    return nil
  }

  private func warn(_ reason: String) {
    let limit = 8
    guard reasons.count <= limit else { return }
    JIT.warn(
      "jit (\(site)): traced again (\(reasons.count)): \(reason)"
        + (reasons.count == limit ? "; further traces are not reported" : ""))
  }
}

import KobaiTensor
import KobaiTransforms

/// The traces of one function.
final class JITCache: Sendable {
  let site: String
  private let traces = Locked(Traces())

  init(site: String) { self.site = site }

  private struct Traces {
    /// The entry that served last comes first.
    var entries: [JITEntry] = []
    var count = 0
    var reasons: [String] = []
  }

  var traceCount: Int { traces.withLock { $0.count } }
  /// Why each trace after the first was made.
  var reasons: [String] { traces.withLock { $0.reasons } }

  /// The entry for these arguments.
  func entry(for arguments: FlatTree) -> JITEntry? {
    traces.withLock { traces in
      for i in traces.entries.indices where traces.entries[i].matches(arguments) {
        if i > 0 { traces.entries.swapAt(0, i) }
        return traces.entries[0]
      }
      return nil
    }
  }

  /// Remembers a new trace, and why none of the others served.
  func insert(_ entry: JITEntry, for arguments: FlatTree) {
    traces.withLock { traces in
      if let last = traces.entries.first(where: { !$0.isForOneCall }) ?? traces.entries.first {
        let reason = last.mismatch(arguments) ?? "states were made by the call before"
        traces.reasons.append(reason)
        // The second trace of a closure that makes its states in the first is expected.
        if !last.isForOneCall { warn(reason, traces.reasons.count) }
      }
      traces.count += 1
      traces.entries.removeAll(where: \.isForOneCall)
      traces.entries.insert(entry, at: 0)
    }
  }

  private func warn(_ reason: String, _ number: Int) {
    let limit = 8
    guard number <= limit else { return }
    JIT.warn(
      "jit (\(site)): traced again (\(number)): \(reason)"
        + (number == limit ? "; further traces are not reported" : ""))
  }
}

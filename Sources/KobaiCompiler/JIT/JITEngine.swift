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
/// `@unchecked Sendable`: what changes is in the cache.
final class JITEngine<R>: @unchecked Sendable {
  let flatten: (R) -> [Tensor]
  let rebuild: (R, [Tensor]) -> R
  let cache: JITCache

  init(
    site: String, flatten: @escaping (R) -> [Tensor], rebuild: @escaping (R, [Tensor]) -> R
  ) {
    self.flatten = flatten
    self.rebuild = rebuild
    cache = JITCache(site: site)
  }

  func call(_ arguments: FlatTree, _ function: ([Tensor]) -> R) -> R {
    if let entry = cache.entry(for: arguments) { return replay(entry, arguments) }
    let (entry, result) = trace(arguments, function)
    guard let entry else { return result }
    cache.insert(entry, for: arguments)
    return replay(entry, arguments)
  }

  private func replay(_ entry: JITEntry, _ arguments: FlatTree) -> R {
    let tensors = entry.replay(arguments.tensors)
    // All entries of a cache hold results of this type.
    let prototype = unsafeDowncast(entry.prototype, to: JITPrototype<R>.self)
    return tensors.isEmpty ? prototype.result : rebuild(prototype.result, tensors)
  }

  private func trace(
    _ arguments: FlatTree, _ function: ([Tensor]) -> R
  ) -> (entry: JITEntry?, result: R) {
    JITEntry.trace(
      "jit (\(cache.site))", arguments, function, flatten: flatten, rebuild: rebuild)
  }

  /// What is compiled for these arguments; nil after a misuse.
  func inspect(_ arguments: FlatTree, _ function: ([Tensor]) -> R) -> CompiledGraph? {
    (cache.entry(for: arguments) ?? trace(arguments, function).entry)?.program
  }
}

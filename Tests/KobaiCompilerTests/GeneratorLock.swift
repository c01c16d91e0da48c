import Synchronization

/// Held by tests that seed the default generator, which all tests share.
final class GeneratorLock: Sendable {
  static let shared = GeneratorLock()
  private let mutex = Mutex(())

  func withLock<R>(_ body: (Int) -> R) -> R {
    mutex.withLock { _ in Handed(value: body(0)) }.value
  }

  private struct Handed<R>: @unchecked Sendable { let value: R }  // stays on the thread
}

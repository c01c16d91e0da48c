#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A value, not `Void`, that one thread at a time reads or changes; the others sleep meanwhile.
///
/// The mutex is the system's: the thread sanitizer knows it. It does not see `Synchronization.Mutex`
/// taken where two threads meet, in a library without instrumentation, and then reports races of what
/// that mutex guards.
///
///     let paths = Locked<[String]>([])
///     paths.withLock { $0.append("conv1") }
package final class Locked<Value>: @unchecked Sendable {  // the value is read under the mutex alone
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var value: Value

  package init(_ value: Value) {
    self.value = value
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` while no other thread is inside; `body` must not come back here.
  package func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}

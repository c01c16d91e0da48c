#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// Ctrl-C and the polite request to end (SIGTERM), as a flag that is read between steps.
///
///     Interruption.catchSignals()
///     while !Interruption.isRequested { … }
///
/// A download that is under way ends too, and leaves nothing behind. A second Ctrl-C ends the program at
/// once.
public enum Interruption {
  private static let signal = Atomic<Int32>(0)

  /// From now on SIGINT and SIGTERM set the flag instead of ending the program.
  public static func catchSignals() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&signals, number)
      _ = installHandler(number) { received in
        // Only what is allowed in a signal handler: an atomic store and restoring the default.
        Interruption.signal.store(received, ordering: .relaxed)
        _ = installHandler(received, SIG_DFL)
      }
    }
    // A program that was started with them blocked would never hear of them.
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// The signal that was caught; nil if none was.
  public static var caughtSignal: Int32? {
    let number = signal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  /// Whether the program was asked to end.
  public static var isRequested: Bool { caughtSignal != nil }
}

private typealias Handler = @convention(c) (Int32) -> Void

/// `signal`, whose name the flag has.
private func installHandler(_ number: Int32, _ handler: Handler?) -> Handler? {
  signal(number, handler)
}

import CKernels

/// The part of a program that a thread is in, by name: the path of the module whose `forward` runs.
///
/// Errors, anomaly reports and graph drawings show it. A scope is one number in thread-local memory, so
/// that entering one costs a few instructions and an operation can remember where it was recorded.
public struct Scope: Hashable, Sendable {
  /// 0 outside of all scopes.
  public let number: UInt32

  /// The scope of this thread now.
  @inlinable public static var current: Scope { Scope(number: kb_context_scope()) }

  /// Outside of all scopes.
  public static let none = Scope(number: 0)

  /// The scope with this number, as a graph's step records it.
  @inlinable public init(number: UInt32) { self.number = number }

  /// The scope with this path: the same number for the same path, in all threads.
  ///
  ///     Scope(path: "Net.fc1").path   // "Net.fc1"
  public init(path: String) {
    number = Self.paths.withLock { paths in
      if let known = paths.numbers[path] { return known }
      paths.names.append(path)
      let number = UInt32(paths.names.count)
      paths.numbers[path] = number
      return number
    }
  }

  /// `Net.layers.0.conv1`; nil outside of all scopes.
  public var path: String? {
    guard number > 0 else { return nil }
    return Self.paths.withLock { $0.names[Int(number) - 1] }
  }

  /// Runs `body` in this scope.
  @inlinable
  public func run<R>(_ body: () throws -> R) rethrows -> R {
    let outer = kb_context_scope()
    kb_context_set_scope(number)
    defer { kb_context_set_scope(outer) }
    return try body()
  }

  private struct Paths {
    var names: [String] = []
    var numbers: [String: UInt32] = [:]
  }

  private static let paths = Locked(Paths())
}

import CKernels

/// A programming error: a shape, dtype, index or state that an operation cannot work with.
///
/// The message names the operation, what was given, what must hold and the likely remedy:
/// `matmul: inner dimensions differ: [2, 3] × [4, 5] (3 ≠ 4)`. Inside of a module's `forward` its path
/// follows: `… (in Net.fc1)`.
public struct Misuse: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence: operation, what was given, what must hold, what to do.
  public let message: String
  /// A misuse with this message; operations report theirs by `misuse(_:)`.
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

/// Every misuse ends here: it stops the program with the message, or, inside `recovering { }`, is
/// remembered and answered with `result` (a poisoned tensor, an empty array, zero).
@inline(never)
public func misuse<Result>(_ message: String, else result: @autoclosure () -> Result) -> Result {
  let message = Scope.current.path.map { "\(message) (in \($0))" } ?? message
  guard kb_context_flags() & UInt32(KB_CONTEXT_RECOVERING) != 0 else { fatalError(message) }
  Recovery.current?.record(message)
  return result()
}

/// Every misuse that would have produced a tensor ends here; see `misuse(_:else:)`.
@inline(never)
public func misuse(_ message: String) -> Tensor { misuse(message, else: .poison) }

/// Runs `body`; a misuse inside of it becomes a thrown `Misuse` instead of stopping the program.
///
/// The operation at fault and all that follow give *poisoned* tensors: they have a shape (`[]`),
/// `item()` gives NaN or 0, and no Kobai call on them can stop the program. The first misuse is thrown
/// once the body has returned.
///
///     do {
///       let y = try recovering { Tensor.ones([2, 3]).matmul(Tensor.ones([4, 5])) }
///     } catch {
///       print(error)   // matmul: inner dimensions differ: [2, 3] × [4, 5] (3 ≠ 4)
///     }
///
/// - Throws: what `body` throws, else the first `Misuse` inside of it.
public func recovering<Result>(_ body: () throws -> Result) throws -> Result {
  let recovery = Recovery()
  let result = try recovery.run(body)
  if let message = recovery.message { throw Misuse(message) }
  return result
}

/// The first message of one `recovering { }` block; belongs to the thread that runs the block.
final class Recovery {
  private(set) var message: String?

  static var current: Recovery? {
    kb_context_recovery().map { Unmanaged<Recovery>.fromOpaque($0).takeUnretainedValue() }
  }

  func record(_ message: String) {
    if self.message == nil { self.message = message }
  }

  func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    let (outer, flags) = (kb_context_recovery(), kb_context_flags())
    kb_context_set_recovery(Unmanaged.passUnretained(self).toOpaque())
    kb_context_set_flags(flags | UInt32(KB_CONTEXT_RECOVERING))
    defer {
      kb_context_set_recovery(outer)
      kb_context_set_flags(flags)
    }
    return try withExtendedLifetime(self) { try body() }
  }
}

import Kobai
import Testing

/// Gives each test a default generator of its own: tests run side by side, and what one draws must not
/// depend on the others.
public struct OwnGenerator: TestTrait, SuiteTrait, TestScoping {
  public var isRecursive: Bool { true }

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await function() }
    try await withGenerator(Generator(seed: 0)) { try await function() }
  }
}

extension Trait where Self == OwnGenerator {
  /// A default generator for each test.
  public static var ownGenerator: OwnGenerator { OwnGenerator() }
}

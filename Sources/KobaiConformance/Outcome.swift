/// What became of a case.
public enum Outcome: Sendable, Hashable {
  case passed
  case failed(String)
  /// The library, or this runner, does not have it yet.
  case unsupported(String)
  /// It cannot be written in Swift's types, or the reference itself is unstable.
  case notApplicable(String)

  public var status: Status {
    switch self {
    case .passed: .passed
    case .failed: .failed
    case .unsupported: .unsupported
    case .notApplicable: .notApplicable
    }
  }

  /// Empty for a pass.
  public var reason: String {
    switch self {
    case .passed: ""
    case .failed(let reason), .unsupported(let reason), .notApplicable(let reason): reason
    }
  }

  public init(_ status: Status, _ reason: String) {
    switch status {
    case .passed: self = .passed
    case .failed: self = .failed(reason)
    case .unsupported: self = .unsupported(reason)
    case .notApplicable: self = .notApplicable(reason)
    }
  }

  public enum Status: String, Sendable, CaseIterable {
    case passed
    case failed
    case unsupported
    case notApplicable = "not applicable"
  }
}

/// What a case asks for does not exist here.
public struct Unsupported: Error, Sendable {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
}

/// What a case asks for cannot be written in Swift.
public struct NotApplicable: Error, Sendable {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
}

/// A value whose Swift type its parameter does not take. A compiler would have refused the call: as
/// a case that must be refused it is not applicable, as any other case it is unsupported.
public struct ArgumentTypeMismatch: Error, Sendable {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
}

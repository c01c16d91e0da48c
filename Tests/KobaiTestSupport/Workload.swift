import Foundation

/// How much of the same a test does.
public enum Workload {
  /// `count`, or `sanitized` where a sanitizer makes each step some tens of times as long
  /// (`KOBAI_SANITIZER`, which Scripts/sanitize.sh sets).
  public static func of(_ count: Int, sanitized: Int) -> Int {
    ProcessInfo.processInfo.environment["KOBAI_SANITIZER"] == nil ? count : sanitized
  }
}

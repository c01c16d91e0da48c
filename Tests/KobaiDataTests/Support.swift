import Foundation
import Kobai
import Testing

/// The same dtype, shape and bytes.
func same(_ a: Tensor, _ b: Tensor) -> Bool {
  a.dtype == b.dtype && a.shape == b.shape && a.bytes == b.bytes
}

/// Where a data set lies: the folder of that name below the one in the environment variable KOBAI_DATA.
///
/// Without it, the test is skipped under the data set's name; where CI or KOBAI_REQUIRE_DATA is set, it
/// fails.
enum DataFolder {
  static func path(_ name: String) -> String? {
    guard let root = environment("KOBAI_DATA") else { return nil }
    let path = "\(root)/\(name)"
    return access(path, R_OK) == 0 ? path : nil
  }

  static func missing(_ name: String) -> Comment {
    "needs the data set \(name): set KOBAI_DATA to the folder that holds \(name)/"
  }

  /// Whether a test that needs the data set runs: if the data are there, or must be.
  static func isWanted(_ name: String) -> Bool {
    path(name) != nil || environment("CI") != nil || environment("KOBAI_REQUIRE_DATA") != nil
  }

  static func required(_ name: String) throws -> String {
    try #require(path(name), missing(name))
  }

  static func environment(_ name: String) -> String? {
    getenv(name).flatMap { String(validatingCString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test, naming the data set, where its data are not at hand.
  static func needsData(_ name: String) -> Self {
    .enabled(if: DataFolder.isWanted(name), DataFolder.missing(name))
  }
}

import Foundation
import Kobai

/// Real data, which is no part of the package: found through the environment variable `KOBAI_DATA` alone.
///
///     @Test(.enabled(if: RealData.isExpected("mnist"), "needs KOBAI_DATA/mnist"))
///     func readsMNIST() throws {
///       let data = try RealData.mnist()
///     }
///
/// Without the data such a test is reported as skipped, with the reason. Where `CI` or
/// `KOBAI_REQUIRE_DATA` is set it runs nonetheless, and fails.
public enum RealData {
  /// Data that is not where it has to be.
  public struct Missing: Error, CustomStringConvertible {
    public let description: String
  }

  /// Whether tests that need this folder of the data are to run.
  public static func isExpected(_ name: String) -> Bool {
    isRequired || (try? folder(name)) != nil
  }

  /// Why they do not.
  public static func reason(_ name: String) -> String {
    "needs real data: a folder \(name) inside of the one that KOBAI_DATA names"
  }

  private static var isRequired: Bool {
    ["CI", "KOBAI_REQUIRE_DATA"].contains { name in
      ProcessInfo.processInfo.environment[name].map { !["", "0", "false"].contains($0) } ?? false
    }
  }

  /// The folder of that name in the data.
  ///
  /// - Throws: `Missing` with the place where it was looked for.
  public static func folder(_ name: String) throws -> String {
    guard let data = ProcessInfo.processInfo.environment["KOBAI_DATA"], !data.isEmpty else {
      throw Missing(description: "\(name): KOBAI_DATA is not set; \(reason(name))")
    }
    var isFolder: ObjCBool = false
    let path = "\(data)/\(name)"
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { throw Missing(description: "\(path) is not there; \(reason(name))") }
    return path
  }

  public static func mnist() throws -> ImageClassification {
    try MNIST.load(from: try folder("mnist"))
  }

  public static func fashionMNIST() throws -> ImageClassification {
    try FashionMNIST.load(from: try folder("fashion-mnist"))
  }

  /// The first 10,000 training images and the first 1,000 test images.
  public static func cifar10Subset() throws -> ImageClassification {
    try CIFAR10.load(from: try folder("cifar10-subset"))
  }
}

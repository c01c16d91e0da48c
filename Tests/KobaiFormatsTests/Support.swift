import Foundation
import KobaiFormats

/// A folder that lives as long as a test.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("kobai-formats-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path) } }
}

/// A file that Tools/formats/make_resources.py wrote.
enum Resource {
  static func path(_ name: String) throws -> String {
    guard let url = Bundle.module.url(forResource: "Resources/\(name)", withExtension: nil) else {
      throw FileError(message: "the tests have no resource \(name)")
    }
    return url.path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: try path(name))))
  }

  static func json<T: Decodable>(_ name: String, as type: T.Type) throws -> T {
    try JSONDecoder().decode(type, from: Data(try bytes(name)))
  }
}

/// The bytes that hexadecimal digits spell.
func bytes(hex: String) -> [UInt8] {
  let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] << 4 | digits[$0 + 1])
  }
}

/// What a call says when it refuses its input; nil if it does not.
func refusal<R>(_ body: () throws -> R) -> String? {
  do {
    _ = try body()
    return nil
  } catch {
    return "\(error)"
  }
}

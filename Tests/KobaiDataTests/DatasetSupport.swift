import Foundation
import Kobai
import KobaiFormats

/// A folder that lives as long as a test.
final class ScratchFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("kobai-data-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A folder inside of it.
  func folder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    return "\(path)/\(name)"
  }

  /// All files in it and in its folders, hidden ones included.
  var files: [String] {
    let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    var isFolder: ObjCBool = false
    return all.filter {
      FileManager.default.fileExists(atPath: "\(path)/\($0)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }
}

func contents(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The error of that type which `body` throws; nil if it throws none or another.
func thrown<E: Error, R>(_ type: E.Type, _ body: () throws -> R) -> E? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? E
  }
}

/// A small data set in MNIST's form.
struct SmallIDX {
  var trainImages = RawArray(
    dtype: .uint8, shape: [3, 28, 28], bytes: (0..<3 * 784).map { UInt8(truncatingIfNeeded: $0) })
  var trainLabels = RawArray(dtype: .uint8, shape: [3], bytes: [7, 0, 9])
  var testImages = RawArray(
    dtype: .uint8, shape: [2, 28, 28],
    bytes: (0..<2 * 784).map { UInt8(truncatingIfNeeded: 7 * $0) })
  var testLabels = RawArray(dtype: .uint8, shape: [2], bytes: [1, 2])

  /// The names and bytes of its files, not compressed.
  func files() throws -> [(name: String, bytes: [UInt8])] {
    [
      ("train-images-idx3-ubyte", try IDX.encode(trainImages)),
      ("train-labels-idx1-ubyte", try IDX.encode(trainLabels)),
      ("t10k-images-idx3-ubyte", try IDX.encode(testImages)),
      ("t10k-labels-idx1-ubyte", try IDX.encode(testLabels)),
    ]
  }

  /// Writes them, those whose number is in `compressed` as `.gz`.
  func write(to folder: String, compressed: Set<Int> = []) throws {
    for (i, file) in try files().enumerated() {
      if compressed.contains(i) {
        try AtomicFile.write(try Zlib.compress(file.bytes), to: "\(folder)/\(file.name).gz")
      } else {
        try AtomicFile.write(file.bytes, to: "\(folder)/\(file.name)")
      }
    }
  }
}

/// Removes a file.
func unlinked(_ path: String) -> Bool {
  (try? FileManager.default.removeItem(atPath: path)) != nil
}

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Kobai

/// The folder of a run and what lies in it.
struct RunFolder {
  let path: String

  var config: String { "\(path)/config.json" }
  var checkpoint: String { "\(path)/checkpoint.safetensors" }
  var model: String { "\(path)/model.safetensors" }
  var history: String { "\(path)/history.csv" }
  var learningCurve: String { "\(path)/learning-curve.svg" }
  var confusionMatrix: String { "\(path)/confusion-matrix.svg" }
  var report: String { "\(path)/report.html" }

  /// Makes a folder for a new run. Without a path it is `runs/NAME-1`, or the next number that is free.
  static func create(at path: String?, name: String) throws -> RunFolder {
    if let path {
      let folder = RunFolder(path: path)
      guard !FileManager.default.fileExists(atPath: folder.config) else {
        throw CommandError(
          "\(path) already holds a run; continue it with --resume \(path), or give another --out")
      }
      try folder.make()
      return folder
    }
    var number = 1
    while FileManager.default.fileExists(atPath: "runs/\(name)-\(number)") { number += 1 }
    let folder = RunFolder(path: "runs/\(name)-\(number)")
    try folder.make()
    return folder
  }

  private func make() throws {
    do {
      try makeFolder(path)
    } catch {
      throw CommandError(
        "the run folder \(path) cannot be made (\(error)); give another with --out")
    }
  }

  /// The configuration of an existing run.
  func readConfig() throws -> RunConfig {
    guard let data = FileManager.default.contents(atPath: config) else {
      throw CommandError(
        "\(path) is not a run folder: it has no config.json; name the folder that kobai train made")
    }
    do {
      let config = try JSONDecoder().decode(RunConfig.self, from: data)
      guard config.version == 1 else {
        throw CommandError("\(self.config) has version \(config.version), but only 1 is known here")
      }
      if let fault = config.fault {
        throw CommandError("\(self.config) is damaged: \(fault); train again")
      }
      return config
    } catch let error as DecodingError {
      throw CommandError("\(config) is damaged: \(place(error)); train again")
    }
  }

  /// Removes what is left of files that were being written when the run was killed.
  func removeRemains() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasPrefix(".") && name.hasSuffix(".partial") {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  /// Writes the configuration, complete or not at all.
  func write(_ config: RunConfig) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write([UInt8](try encoder.encode(config)) + [10], to: self.config)
  }

  /// The trained network of the run, ready for use.
  func loadNetwork(_ config: RunConfig) throws -> Sequential {
    guard FileManager.default.fileExists(atPath: model) else {
      throw CommandError(
        "the run \(path) has no model.safetensors yet: it was not finished; continue it with "
          + "kobai train --resume \(path)")
    }
    let network = config.makeNetwork()
    try network.load(StateDict(contentsOf: model))
    network.eval()
    return network
  }

  private func place(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "\(key.stringValue) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "it is not JSON"
        : "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is wrong"
    @unknown default: "it cannot be read"
    }
  }
}

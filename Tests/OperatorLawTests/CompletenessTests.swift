import Kobai
import Testing

import class Foundation.FileManager
import struct Foundation.URL

/// The table lists every operation and every primitive there is.
@Suite struct CompletenessTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The operations' files, by path below Sources/KobaiOperators.
  static let files: [(path: String, text: String)] = {
    let folder = root.appending(path: "Sources/KobaiOperators").path
    let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return paths.sorted().compactMap { path in
      guard path.hasSuffix(".swift"), !path.hasPrefix("Families/"), !path.hasPrefix("Table/"),
        let text = try? String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
      else { return nil }
      return (path, text)
    }
  }()

  @Test func namesAreUnique() {
    let names = Operation.all.map(\.name)
    let repeated = Dictionary(grouping: names) { $0 }.filter { $0.value.count > 1 }.keys
    #expect(repeated.isEmpty)
  }

  @Test func everyEntryIsListed() {
    let listed = Set(Operation.all.map(\.name))
    for (path, text) in Self.files {
      for match in text.matches(of: /static let \w+ = Operation\(\s*"([^"]+)"/) {
        let isListed = listed.contains(String(match.1))
        #expect(
          isListed,
          "\(path): \(match.1) is not listed in Sources/KobaiOperators/Table")
      }
    }
  }

  /// What adds a public method to Tensor is an operation.
  @Test func everyFileHasAnEntry() {
    for (path, text) in Self.files {
      guard text.contains(/extension Tensor \{[^}]*public (static |mutating )?(prefix )?func/)
      else {
        continue
      }
      let hasEntry = text.contains("= Operation(")
      #expect(hasEntry, "\(path) declares no entry of the table")
    }
  }

  @Test func everyPrimitiveBelongsToAnOperation() {
    let known = Set(Operation.all.flatMap(\.primitives).map { String(describing: $0) })
    let families: Set<Substring> = [
      "UnaryElementwise", "BinaryElementwise", "PiecewiseConstant", "BinaryPredicate",
      "BinaryPiecewiseConstant", "Activation", "LinearOperation", "BilinearOperation",
      "UnaryPrimitive", "BinaryPrimitive", "Primitive", "FusedPrimitive",
    ]
    for (path, text) in Self.files {
      for match in text.matches(of: /struct (\w+)(?:<[^>]*>)?: ([\w, ]+)/) {
        let conformances = match.2.split(separator: /[, ]+/)
        guard conformances.contains(where: families.contains) else { continue }
        let isKnown = known.contains { $0 == match.1 || $0.hasPrefix("\(match.1)<") }
        #expect(
          isKnown,
          "\(path): the primitive \(match.1) is in no operation's primitives")
      }
    }
  }

  @Test func everyOperationHasSamples() {
    for operation in Operation.all {
      #expect(!operation.samples.isEmpty, "\(operation.name) has no sample")
    }
  }
}

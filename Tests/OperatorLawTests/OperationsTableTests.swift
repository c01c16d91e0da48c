import Kobai
import Testing

import class Foundation.ProcessInfo
import struct Foundation.URL

/// docs/operators.md is written from the table.
@Suite struct OperationsTableTests {
  /// `KOBAI_UPDATE_DOCS=1 swift test --filter OperationsTableTests` writes the file anew.
  @Test func documentationIsCurrent() throws {
    let file = CompletenessTests.root.appending(path: "docs/operators.md")
    let text = Self.text
    if ProcessInfo.processInfo.environment["KOBAI_UPDATE_DOCS"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let current = try String(contentsOf: file, encoding: .utf8)
    let isCurrent = current == text
    #expect(
      isCurrent,
      "docs/operators.md is out of date: KOBAI_UPDATE_DOCS=1 swift test --filter OperationsTableTests"
    )
  }

  static var text: String {
    var lines = [
      "# Operations", "",
      "Written by `KOBAI_UPDATE_DOCS=1 swift test --filter OperationsTableTests` from the table in",
      "`Sources/KobaiOperators/Table`; see [contributing-operations.md](contributing-operations.md).",
      "",
      "Every operation keeps the laws",
      Law.allCases.map { "*\($0.rawValue)*" }.joined(separator: ", "),
      "on its samples, except where a gap is named. An operation without primitives is composed of",
      "others. *Loop* marks a primitive whose batching rule repeats it.",
    ]
    for family in Operation.Family.allCases {
      let operations = Operation.all.filter { $0.family == family }
        .sorted { ($0.name.lowercased(), $0.name) < ($1.name.lowercased(), $1.name) }
      if operations.isEmpty { continue }
      lines += ["", "## \(family.rawValue.capitalized) (\(operations.count))", ""]
      lines += ["| operation | primitives | samples | gaps |", "|---|---|---|---|"]
      for operation in operations {
        let primitives = operation.primitives.map {
          "`\($0.name)`" + ($0.batchesByLoop ? " (loop)" : "")
        }
        let gaps = operation.gaps.sorted { $0.key.rawValue < $1.key.rawValue }
          .map { "\($0.key.rawValue): \($0.value)" }
        lines.append(
          "| `\(operation.name)` | \(primitives.joined(separator: ", ")) | "
            + "\(operation.samples.count) | \(gaps.joined(separator: "; ")) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

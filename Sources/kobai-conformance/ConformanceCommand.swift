import ArgumentParser
import Foundation
import KobaiConformance

/// `kobai-conformance DIR`: runs a folder of cases against Kobai.
struct ConformanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kobai-conformance",
    abstract: "Runs conformance cases against Kobai.",
    discussion: """
      The last line counts every selected case once: passed, failed, unsupported (there is no such \
      operation yet) or not applicable (it cannot be written in Swift's types). The exit status is 0 \
      if none has failed.
      """)

  @Argument(help: "A folder with index.jsonl and tensors/.")
  var directory: String

  @Option(help: "Only cases whose id or call matches this pattern (*, ?, [ab]).")
  var only: String?

  @Option(help: "Only cases of this tier.")
  var tier: Int?

  @Option(help: "Only cases of these kinds, separated by commas: op,op_error,module,…")
  var kind: String?

  @Flag(help: "One JSON object per case instead of text; the last line stays as it is.")
  var json = false

  @Flag(help: "One line per case.")
  var verbose = false

  @Flag(help: "Run in this process, for a debugger: a crash then ends the run.")
  var inProcess = false

  @Option(help: "Seconds after which a case has failed.")
  var timeout = 60

  @Option(help: .hidden)
  var workFrom: Int?

  func run() throws {
    let kinds = kind?.split(separator: ",").map(String.init) ?? []
    let suite = try Suite(
      directory, selection: Selection(only: only, tier: tier, kinds: Set(kinds)))
    if let workFrom { return work(suite, from: workFrom) }

    var report = Report()
    func record(_ item: Case, _ outcome: Outcome) {
      report.add(item, outcome)
      if verbose && !json { print(Self.line(item, outcome)) }
    }
    if inProcess {
      let runner = Runner(suite)
      for item in suite.cases { record(item, runner.run(item)) }
    } else {
      let supervisor = Supervisor(arguments: selectionArguments, timeout: timeout)
      for (item, outcome) in zip(suite.cases, try supervisor.run(suite.cases.count)) {
        record(item, outcome)
      }
    }
    try show(report)
    if report.count(.failed) > 0 { throw ExitCode(1) }
  }

  private static func line(_ item: Case, _ outcome: Outcome) -> String {
    let reason = outcome.reason.isEmpty ? "" : ": \(outcome.reason)"
    return "\(outcome.status.rawValue) \(item.id) (\(item.subject))\(reason)"
  }

  private func show(_ report: Report) throws {
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      for entry in report.entries {
        print(String(decoding: try encoder.encode(entry), as: UTF8.self))
      }
    } else {
      let details = report.details(command: "swift run -c release kobai-conformance \(directory)")
      if !details.isEmpty { print(details) }
      if !report.entries.isEmpty { print(report.breakdown) }
    }
    print(report.summary)
  }

  /// What a worker needs to select the same cases.
  private var selectionArguments: [String] {
    var arguments = [directory]
    if let only { arguments += ["--only=\(only)"] }
    if let tier { arguments += ["--tier=\(tier)"] }
    if let kind { arguments += ["--kind=\(kind)"] }
    return arguments
  }

  /// Runs the cases from `first` on and tells the supervisor about each.
  private func work(_ suite: Suite, from first: Int) {
    // Written at once: what stands in a buffer is lost in a crash.
    func send(_ message: WorkerMessage) {
      FileHandle.standardOutput.write(Data("\(message.line)\n".utf8))
    }
    let runner = Runner(suite)
    for index in suite.cases.indices.dropFirst(first) {
      send(.begin(index))
      send(.end(index, runner.run(suite.cases[index])))
    }
  }
}

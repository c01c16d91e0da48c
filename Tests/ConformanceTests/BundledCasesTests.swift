import Foundation
import KobaiConformance
import Testing

@Suite("bundled conformance cases")
struct BundledCasesTests {
  static let folder = Bundle.module.bundleURL.appendingPathComponent("Cases").path

  /// One call after the other, so that a failure names the call and the cases.
  static let calls: [String] = {
    guard let suite = try? KobaiConformance.Suite(folder) else { return [] }
    return Set(suite.cases.map(\.subject)).sorted()
  }()

  @Test func casesAreThere() throws {
    let suite = try KobaiConformance.Suite(Self.folder)
    #expect(suite.cases.count > 900)
    for item in suite.cases {
      if case .unreadable(let reason) = item.body { Issue.record("\(item.id): \(reason)") }
      #expect(throws: Never.self) { try suite.tensors(of: item) }
    }
  }

  @Test(arguments: calls)
  func agrees(_ call: String) throws {
    let suite = try KobaiConformance.Suite(Self.folder, selection: Selection(only: call))
    let runner = Runner(suite)
    for item in suite.cases {
      if case .failed(let reason) = runner.run(item) {
        Issue.record(
          """
          \(item.id): \(reason)
          swift run -c release kobai-conformance Tests/ConformanceTests/Cases --only '\(item.id)'
          """)
      }
    }
  }

  @Test func littleIsNotApplicable() throws {
    let suite = try KobaiConformance.Suite(Self.folder)
    let runner = Runner(suite)
    var report = Report()
    for item in suite.cases { report.add(item, runner.run(item)) }
    #expect(report.entries.count == suite.cases.count)
    #expect(report.count(.notApplicable) * 20 < suite.cases.count)
  }
}

import Kobai
import KobaiTestSupport
import Testing

/// What is true of every operation, on every sample of the table.
@Suite struct LawTests {
  static let names = Operation.all.map(\.name)

  @Test(arguments: names) func precision(_ name: String) {
    expect(.precision, of: name) { $0.checkPrecision() }
  }
  @Test(arguments: names) func forward(_ name: String) {
    expect(.forward, of: name) { $0.checkForward() }
  }
  @Test(arguments: names) func reverse(_ name: String) {
    expect(.reverse, of: name) { $0.checkReverse() }
  }
  @Test(arguments: names) func secondOrder(_ name: String) {
    expect(.secondOrder, of: name) { $0.checkSecondOrder() }
  }
  @Test(arguments: names) func batching(_ name: String) {
    expect(.batching, of: name) { $0.checkBatching() }
  }
  @Test(arguments: names) func layouts(_ name: String) {
    expect(.layouts, of: name) { $0.checkLayouts() }
  }
  @Test(arguments: names) func tracing(_ name: String) {
    expect(.tracing, of: name) { $0.checkTracing() }
  }
  @Test(arguments: names) func residuals(_ name: String) {
    expect(.residuals, of: name) { $0.checkResiduals() }
  }

  /// No failure, or, where the table names a gap, at least one.
  private func expect(_ law: Law, of name: String, _ check: (LawCase) -> [String]) {
    let cases = LawCase.all(of: name)
    var failures: [String] = []
    for lawCase in cases {
      var found: [String] = []
      do {
        try recovering { found = check(lawCase) }
      } catch {
        found.append("misuse: \(error)")
      }
      failures += found.map {
        "\(name), sample \(lawCase.number), \(law.rawValue): \($0)\n\(lawCase.rerun(law))"
      }
    }
    let gap = cases.first?.operation.gaps[law]
    if let gap {
      #expect(
        !failures.isEmpty, "\(name) keeps the law \(law.rawValue): remove its gap (\(gap))")
    } else {
      for failure in failures { Issue.record("\(failure)") }
    }
  }
}

import Foundation
import KobaiConformance
import Testing

@Suite("bundled conformance cases")
struct BundledCasesTests {
  static let folder = Bundle.module.bundleURL.appendingPathComponent("Cases").path

  /// One call after the other, so that a failure names the call and the cases.
  static let calls: [String: [Case]] = {
    guard let suite = try? KobaiConformance.Suite(folder) else { return [:] }
    return Dictionary(grouping: suite.cases, by: \.subject)
  }()

  /// What Swift's types exclude, by the reason: the compiler refuses the call that PyTorch refuses at
  /// run time. Anything else that could not be run would be a gap.
  static let notApplicable: [(reason: String, cases: Set<String>)] = [
    (
      // Two numbers in Python, where Swift has no tensor to call a method of.
      "does not take an int",
      [
        "__radd__/0006", "__radd__/0007", "__rdiv__/0006", "__rdiv__/0007", "__rmul__/0006",
        "__rmul__/0007", "eq/0006", "eq/0007", "ge/0005", "ge/0006", "gt/0005", "gt/0006",
        "le/0005", "le/0006", "lt/0005", "lt/0006", "maximum/0005", "maximum/0006", "maximum/0007",
        "ne/0006", "ne/0007", "pow/0005",
      ]
    ),
    (
      // An enum's case in place of a string.
      "takes .none",
      ["nn.functional.gelu/0003", "nn.functional.l1_loss/0004"]
    ),
    // Parameters are an array of tensors, betas numbers.
    ("of type [Tensor], not a tensor", ["optim.Adadelta/0016"]),
    ("the parameter betas is of type [Double]", ["optim.Adam/0025", "optim.Adam/0027"]),
    // A number that Swift would not take for a Double.
    ("does not take a complex number", ["module.nn.HuberLoss/0001"]),
    ("out=", ["gather/0007", "multinomial/0005"]),
    ("the reference is unstable", ["logsumexp/0005"]),
  ]

  @Test func casesAreThere() throws {
    let suite = try KobaiConformance.Suite(Self.folder)
    #expect(suite.cases.count > 900)
    for item in suite.cases {
      if case .unreadable(let reason) = item.body { Issue.record("\(item.id): \(reason)") }
      #expect(throws: Never.self) { try suite.tensors(of: item) }
    }
  }

  @Test(arguments: calls.keys.sorted())
  func agrees(_ call: String) {
    let suite = KobaiConformance.Suite(Self.folder, cases: Self.calls[call] ?? [])
    let runner = Runner(suite)
    for item in suite.cases {
      switch runner.run(item) {
      case .passed: break
      case .failed(let reason), .unsupported(let reason):
        Issue.record(
          """
          \(item.id): \(reason)
          swift run -c release kobai-conformance Tests/ConformanceTests/Cases --only '\(item.id)'
          """)
      case .notApplicable(let reason):
        #expect(
          Self.notApplicable.contains {
            $0.cases.contains(item.id) && reason.contains($0.reason)
          }, "\(item.id) is not applicable: \(reason)")
      }
    }
  }
}

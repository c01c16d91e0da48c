import Foundation
import KobaiConformance
import Testing

@Suite("format of cases")
struct FormatTests {
  private func value(_ json: String) throws -> CaseValue {
    try JSONDecoder().decode(CaseValue.self, from: Data(json.utf8))
  }

  @Test(
    arguments: [
      ("null", CaseValue.null), (#"{"i":-3}"#, .int(-3)), (#"{"f":0.5}"#, .float(0.5)),
      (#"{"f":"inf"}"#, .float(.infinity)), (#"{"f":"-inf"}"#, .float(-.infinity)),
      (#"{"b":true}"#, .bool(true)), (#"{"s":"mean"}"#, .string("mean")),
      (#"{"c":[1,"inf"]}"#, .complex(1, .infinity)), (#"{"ints":[1,2]}"#, .ints([1, 2])),
      (#"{"int_tuple":[1]}"#, .intTuple([1])), (#"{"tuple":[]}"#, .tuple([])),
      (#"{"list":[null,{"i":1}]}"#, .list([.null, .int(1)])),
      (#"{"dict":{"a":{"i":1}}}"#, .dict(["a": .int(1)])),
      (#"{"dtype":"float32"}"#, .dtype("float32")), (#"{"device":"cpu"}"#, .device("cpu")),
      (#"{"slice":[null,{"i":2},null]}"#, .slice(start: .null, stop: .int(2), step: .null)),
      (#"{"ellipsis":true}"#, .ellipsis), (#"{"fn":"relu"}"#, .function("relu")),
      (#"{"dtype":"bool","shape":[2]}"#, .type(dtype: "bool", shape: [2])),
      (
        #"{"module":"ReLU","args":{"list":[]},"kwargs":{"dict":{}}}"#,
        .module(name: "ReLU", args: .list([]), kwargs: .dict([:]))
      ),
    ])
  func values(_ json: String, _ want: CaseValue) throws {
    #expect(try value(json) == want)
  }

  @Test func tensors() throws {
    let json =
      #"{"t":"0.a","dtype":"float32","shape":[2,1],"rg":true,"stride":[4,2],"tol":[1e-3,0]}"#
    guard case .tensor(let reference) = try value(json) else {
      Issue.record("not a tensor")
      return
    }
    #expect(reference.key == "0.a")
    #expect(reference.shape == [2, 1])
    #expect(reference.requiresGrad)
    #expect(reference.strides == [4, 2])
    #expect(reference.tolerance == Tolerance(relative: 1e-3, absolute: 0))
  }

  @Test(arguments: ["{}", "3", #"{"x":1}"#, #"{"c":[1]}"#, #"{"slice":[null]}"#, #"{"i":1.5}"#])
  func malformedValuesAreRefused(_ json: String) {
    #expect(throws: (any Error).self) { try value(json) }
  }

  @Test func selection() throws {
    let json = #"{"id":"add/0003","kind":"op","tier":2,"call":"torch.add","op":"add","args":[]}"#
    let item = try JSONDecoder().decode(Case.self, from: Data(json.utf8))
    #expect(Selection().contains(item))
    #expect(Selection(only: "add/*").contains(item))
    #expect(Selection(only: "*/000[1-4]").contains(item))
    #expect(Selection(only: "torch.?dd").contains(item))
    #expect(!Selection(only: "add").contains(item))
    #expect(Selection(tier: 2).contains(item) && !Selection(tier: 1).contains(item))
    #expect(Selection(kinds: ["op", "module"]).contains(item))
    #expect(!Selection(tier: 2, kinds: ["op_error"]).contains(item))
  }

  @Test func workerMessages() {
    let outcomes: [Outcome] = [
      .passed, .failed("a\tb\nc"), .unsupported("x"), .notApplicable("y: z"),
    ]
    for (index, outcome) in outcomes.enumerated() {
      let want = Outcome(outcome.status, outcome.reason.replacingOccurrences(of: "\n", with: " "))
      #expect(WorkerMessage(WorkerMessage.end(index, outcome).line) == .end(index, want))
    }
    #expect(WorkerMessage(WorkerMessage.begin(7).line) == .begin(7))
    #expect(WorkerMessage("printed by something else") == nil)
  }
}

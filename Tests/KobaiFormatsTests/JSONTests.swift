import KobaiFormats
import Testing

@Suite("JSON")
struct JSONTests {
  private struct Cases: Decodable {
    struct Item: Decodable {
      var text: String
      var compact: String
    }
    var texts: [Item]
    var faults: [String]
  }

  private let cases: Cases

  init() throws { cases = try Resource.json("json.json", as: Cases.self) }

  /// Python's json reads the same and writes the same.
  @Test func agreesWithPython() throws {
    #expect(cases.texts.count == 31)
    for item in cases.texts {
      let value = try JSON.decode(Array(item.text.utf8))
      #expect(String(decoding: try value.encode(), as: UTF8.self) == item.compact)
      #expect(try JSON.decode(try value.encode()) == value)
      #expect(try JSON.decode(try value.encode(indented: true)) == value)
    }
  }

  @Test func refusesWhatIsNotJSON() {
    #expect(cases.faults.count > 40)
    for text in cases.faults {
      let message = refusal { try JSON.decode(Array(text.utf8)) }
      #expect(message?.hasPrefix("json: ") == true, "\(text.debugDescription) was accepted")
    }
    #expect(refusal { try JSON.decode([0x22, 0xFF, 0x22]) } == "json: byte 1 is not UTF-8 text")
    #expect(
      refusal { try JSON.decode(Array("[1,]".utf8)) }
        == "json: at byte 3: a comma stands before a closing bracket")
    #expect(refusal { try JSON.decode(Array(String(repeating: "[", count: 100_000).utf8)) } != nil)
  }

  @Test func tellsNumbersApart() throws {
    func value(_ text: String) throws -> JSON { try JSON.decode(Array(text.utf8)) }
    #expect(try value("3") == .integer(3))
    #expect(try value("3.0") == .number(3))
    #expect(try value("9223372036854775807") == .integer(.max))
    #expect(try value("9223372036854775808") == .number(0x1p63))
    #expect(try value("-0") == .number(-0.0))
    #expect(try value("3").double == 3)
    #expect(try value("3.5").double == 3.5)
    #expect(try value("\"3\"").double == nil)
    for number in [
      0.1, 1e-300, 1 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -123_456.789,
    ] {
      #expect(try JSON.decode(try JSON.number(number).encode()) == .number(number))
    }
    for number in [Double.nan, .infinity, -.infinity] {
      #expect(throws: FormatError.self) { try JSON.number(number).encode() }
    }
  }

  @Test func givesAccessToParts() throws {
    let state = try JSON.decode(Array(#"{"epoch": 3, "loss": [0.5, 0.25]}"#.utf8))
    #expect(state["epoch"] == .integer(3))
    #expect(state["loss"]?[1] == .number(0.25))
    #expect(state["loss"]?[2] == nil)
    #expect(state["name"] == nil)
    #expect(state[0] == nil)
    #expect(
      String(decoding: try state.encode(indented: true), as: UTF8.self)
        == "{\n  \"epoch\": 3,\n  \"loss\": [\n    0.5,\n    0.25\n  ]\n}\n")
    let folder = try TemporaryFolder()
    try state.write(to: folder.file("state.json"), indented: true)
    #expect(try JSON.read(contentsOf: folder.file("state.json")) == state)
  }
}

import Foundation
import KobaiFormats
import Testing

@Suite("safetensors")
struct SafeTensorsTests {
  private let items = [
    SafeTensors.Item(name: "weight", dtype: .float32, shape: [2, 3], bytes: Array(0..<24)),
    SafeTensors.Item(name: "step", dtype: .int64, shape: [], bytes: Array(100..<108)),
    SafeTensors.Item(name: "empty", dtype: .uint8, shape: [0, 4], bytes: []),
    SafeTensors.Item(name: "mask", dtype: .bool, shape: [3], bytes: [1, 0, 1]),
  ]
  private let metadata = ["format": "pt", "né\"\n\\": "tab\t\u{1}🙂"]

  /// A file with this header and so many bytes of data.
  private func file(_ header: String, data: Int = 0) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
      + [UInt8](repeating: 7, count: data)
  }

  private func message(_ bytes: [UInt8]) -> String? {
    do {
      _ = try SafeTensors(bytes: bytes)
      return nil
    } catch {
      return error.message
    }
  }

  @Test func readsWhatItWrites() throws {
    let file = try SafeTensors(bytes: try SafeTensors.encode(items, metadata: metadata))
    #expect(file.metadata == metadata)
    #expect(Set(file.names) == Set(items.map(\.name)))
    for item in items {
      #expect(file[item.name]?.dtype == item.dtype)
      #expect(file[item.name]?.shape == item.shape)
      #expect(file.bytes(of: item.name) == item.bytes)
    }
    #expect(file["bias"] == nil)
    #expect(file.bytes(of: "bias") == nil)
  }

  @Test func alignsElements() throws {
    let bytes = try SafeTensors.encode(items)
    let file = try SafeTensors(bytes: bytes)
    for entry in file.entries {
      let start = bytes.count - (file.entries.last?.byteRange.upperBound ?? 0)
      #expect((start + entry.byteRange.lowerBound) % entry.dtype.size == 0)
    }
  }

  @Test func mapsFiles() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("safetensors-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("model.safetensors").path
    try SafeTensors.write(items, metadata: metadata, to: path)
    let file = try SafeTensors(contentsOf: path)
    #expect(file.metadata == metadata)
    for item in items { #expect(file.bytes(of: item.name) == item.bytes) }
    // Nothing is left beside the finished file.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)

    #expect(throws: FileError.self) { try SafeTensors(contentsOf: path + ".missing") }
    #expect(throws: FileError.self) { try SafeTensors(contentsOf: folder.path) }
    #expect(throws: FileError.self) { try SafeTensors.write(items, to: path + "/impossible") }
  }

  @Test func acceptsWhatTheFormatAllows() throws {
    #expect(try SafeTensors(bytes: file("{}")).names.isEmpty)
    #expect(try SafeTensors(bytes: file("{}    ")).names.isEmpty)
    #expect(try SafeTensors(bytes: file(#"{"__metadata__":null}"#)).metadata.isEmpty)
    let unordered =
      #"{"b":{"data_offsets":[1,2],"dtype":"U8","shape":[1]},"#
      + #""a":{"dtype":"I8","shape":[],"data_offsets":[0,1]}}"#
    #expect(try SafeTensors(bytes: file(unordered, data: 2)).names == ["a", "b"])
  }

  @Test(
    arguments: [
      ("[1]", 0, "does not begin with {"),
      (" {}", 0, "does not begin with {"),
      ("{} x", 0, "not valid JSON"),
      (#"{"__metadata__":{"a":"b",}}"#, 0, "comma"),
      (#"{"__metadata__":{"a":1}}"#, 0, "__metadata__.a must be a string"),
      (#"{"__metadata__":{"a":"1","\u0061":"2"}}"#, 0, "the name a stands twice"),
      (#"{"a":null}"#, 0, "tensor a must be an object"),
      (#"{"a":{"shape":[],"data_offsets":[0,1]}}"#, 1, "a has no dtype"),
      (#"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, 1, "a has no shape"),
      (#"{"a":{"dtype":"U8","shape":[]}}"#, 1, "a has no data_offsets"),
      (#"{"a":{"dtype":"F33","shape":[],"data_offsets":[0,1]}}"#, 1, "unknown dtype F33"),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#, 1, "has 1 data_offsets"),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}"#, 1, "before its begin"),
      (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}"#, 1, "takes 2 bytes"),
      (#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#, 1, "only unsigned integers"),
      (#"{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#, 1, "only unsigned integers"),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 2, "the file has 2 bytes"),
      (#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, 2, "has only 2 bytes"),
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2, "leaves a gap"),
      (
        #"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,1]}}"#, 1,
        "larger than any memory"
      ),
      (#"{"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,1]}}"#, 1, "larger"),
      (
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
          + #""b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 2, "overlaps"
      ),
      (
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
          + #""a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, "stands twice"
      ),
    ])
  func refuses(_ header: String, _ data: Int, _ words: String) {
    let message = message(file(header, data: data))
    #expect(message?.contains(words) == true, "\(message ?? "accepted")")
  }

  @Test func refusesTruncatedFiles() throws {
    let whole = try SafeTensors.encode(items, metadata: metadata)
    for length in 0..<whole.count {
      #expect(message(Array(whole[..<length])) != nil, "\(length) of \(whole.count) bytes")
    }
    #expect(message(whole + [0]) != nil)
  }

  @Test func refusesHeadersThatAreNotText() {
    var bytes = file(#"{"a":1}"#)
    bytes[10] = 0xFF
    #expect(message(bytes)?.contains("UTF-8") == true)
    #expect(message([UInt8](repeating: 0xFF, count: 64))?.contains("at most") == true)
    #expect(message(file("{" + String(repeating: "[", count: 100_000)))?.contains("JSON") == true)
  }

  /// Whatever stands in a header, reading ends with tensors inside of the file or with an error.
  @Test func survivesDamage() throws {
    let whole = try SafeTensors.encode(items, metadata: metadata)
    var random = SystemRandomNumberGenerator()
    let letters = Array("0123456789{}[]:,\"-.eE \\FIUBO\u{1}".utf8)
    for _ in 0..<2000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: bytes.indices, using: &random)
        bytes[place] = letters.randomElement(using: &random) ?? 0
      }
      guard let file = try? SafeTensors(bytes: bytes) else { continue }
      for entry in file.entries {
        #expect(file.bytes(of: entry.name)?.count == entry.byteRange.count)
      }
    }
  }

  @Test func refusesToWriteNonsense() {
    let short = SafeTensors.Item(name: "a", dtype: .float32, shape: [2], bytes: [0])
    #expect(throws: SafeTensorsError.self) { try SafeTensors.encode([short]) }
    #expect(throws: SafeTensorsError.self) { try SafeTensors.encode([items[0], items[0]]) }
    let reserved = SafeTensors.Item(name: "__metadata__", dtype: .uint8, shape: [0], bytes: [])
    #expect(throws: SafeTensorsError.self) { try SafeTensors.encode([reserved]) }
  }

  private struct Cases: Decodable {
    struct Tensor: Decodable {
      var name: String
      var dtype: String
      var shape: [Int]
      var elements: String
    }
    struct File: Decodable {
      var file: String
      var metadata: [String: String]
      var tensors: [Tensor]
    }
    struct Header: Decodable {
      var header: String
      var data: Int
      var isValid: Bool
    }
    var files: [File]
    var headers: [Header]
  }

  /// Files of Python's safetensors are read, and written byte for byte.
  @Test func agreesWithPython() throws {
    let cases = try Resource.json("safetensors.json", as: Cases.self)
    #expect(cases.files.count == 4)
    for item in cases.files {
      let file = try SafeTensors(bytes: bytes(hex: item.file))
      #expect(file.metadata == item.metadata)
      #expect(Set(file.names) == Set(item.tensors.map(\.name)))
      var items: [SafeTensors.Item] = []
      for tensor in item.tensors {
        #expect(file[tensor.name]?.dtype.rawValue == tensor.dtype)
        #expect(file[tensor.name]?.shape == tensor.shape)
        #expect(file.bytes(of: tensor.name) == bytes(hex: tensor.elements))
        let dtype = try #require(SafeTensors.ElementType(rawValue: tensor.dtype))
        items.append(
          SafeTensors.Item(
            name: tensor.name, dtype: dtype, shape: tensor.shape, bytes: bytes(hex: tensor.elements)
          ))
      }
      for order in [items, items.reversed()] {
        #expect(try SafeTensors.encode(order, metadata: item.metadata) == bytes(hex: item.file))
      }
    }
    #expect(
      Set(cases.files[0].tensors.map(\.dtype)).count == SafeTensors.ElementType.allCases.count)
  }

  /// The same headers are valid, but for one: the format asks for { as the first byte.
  @Test func refusesWhatPythonRefuses() throws {
    let cases = try Resource.json("safetensors.json", as: Cases.self)
    #expect(cases.headers.count == 50)
    for item in cases.headers where item.header != " {}" {
      let found = message(file(item.header, data: item.data))
      #expect((found == nil) == item.isValid, "\(item.header): \(found ?? "accepted")")
    }
  }

  /// Two names that differ in their bytes, but are the same text.
  @Test func refusesNamesThatAreOneText() {
    let tensor = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    let header = "{\"\u{E9}\":\(tensor),\"e\u{301}\":\(tensor)}"
    #expect(message(file(header))?.contains("stands twice") == true)
  }

  @Test func namesTheFile() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write([1, 2], to: folder.file("a.safetensors"))
    #expect(
      refusal { try SafeTensors(contentsOf: folder.file("a.safetensors")) }?
        .hasPrefix("safetensors: \(folder.file("a.safetensors")): the file has 2 bytes") == true)
  }
}

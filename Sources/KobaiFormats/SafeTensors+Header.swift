#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension SafeTensors {
  /// The checked header of a file.
  struct Header {
    /// Larger headers are refused, as the format's own implementation does: they cannot be honest.
    static let maximalSize = 100_000_000
    static let lengthSize = 8

    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    var dataStart = 0

    init(_ file: UnsafeRawBufferPointer) throws(SafeTensorsError) {
      let json = try Self.json(of: file)
      dataStart = Self.lengthSize + json.count
      try KeyScan.check(json)
      let raw = try Self.decode(json)
      metadata = raw.metadata
      for (name, tensor) in raw.tensors { entries.append(try Self.entry(name, tensor)) }
      // Several tensors without elements may share one offset: their names keep the order stable.
      entries.sort {
        ($0.byteRange.lowerBound, $0.byteRange.upperBound, $0.name)
          < ($1.byteRange.lowerBound, $1.byteRange.upperBound, $1.name)
      }
      try checkCoverage(of: file.count - dataStart)
    }

    /// The header's text, from the length that the file states.
    private static func json(
      of file: UnsafeRawBufferPointer
    ) throws(SafeTensorsError) -> UnsafeRawBufferPointer {
      guard file.count >= lengthSize else {
        throw SafeTensorsError(
          "the file has \(file.count) bytes, but its header's length alone takes \(lengthSize)")
      }
      let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
      guard length <= UInt64(maximalSize) else {
        throw SafeTensorsError(
          "the header is said to have \(length) bytes, but at most \(maximalSize) are allowed")
      }
      guard Int(length) <= file.count - lengthSize else {
        throw SafeTensorsError(
          "the header is said to have \(length) bytes, but only \(file.count - lengthSize) follow")
      }
      let json = UnsafeRawBufferPointer(rebasing: file[lengthSize..<lengthSize + Int(length)])
      guard json.first == UInt8(ascii: "{") else {
        throw SafeTensorsError("the header does not begin with {")
      }
      // Without zero bytes the decoder cannot mistake the text for UTF-16.
      guard !json.contains(0), String(validating: json, as: UTF8.self) != nil else {
        throw SafeTensorsError("the header is not UTF-8 text")
      }
      return json
    }

    private static func decode(_ json: UnsafeRawBufferPointer) throws(SafeTensorsError) -> Raw {
      do {
        return try JSONDecoder().decode(Raw.self, from: Data(json))
      } catch let error as DecodingError {
        throw SafeTensorsError(describe(error))
      } catch {
        throw SafeTensorsError("the header is not valid JSON")
      }
    }

    private static func describe(_ error: DecodingError) -> String {
      func place(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "the header" : path.map(\.stringValue).joined(separator: ".")
      }
      switch error {
      case .keyNotFound(let key, let context):
        return "\(place(context.codingPath)) has no \(key.stringValue)"
      case .typeMismatch(_, let context), .valueNotFound(_, let context):
        return "\(place(context.codingPath)) does not have the type that the format asks for"
      case .dataCorrupted(let context) where !context.codingPath.isEmpty:
        return "\(place(context.codingPath)) does not have the type that the format asks for"
      default:
        return "the header is not valid JSON"
      }
    }

    private static func entry(
      _ name: String, _ tensor: Raw.Tensor
    ) throws(SafeTensorsError) -> Entry {
      guard let dtype = ElementType(rawValue: tensor.dtype) else {
        throw SafeTensorsError("tensor \(name) has the unknown dtype \(tensor.dtype)")
      }
      guard tensor.dataOffsets.count == 2 else {
        throw SafeTensorsError(
          "tensor \(name) has \(tensor.dataOffsets.count) data_offsets, but a begin and an end "
            + "belong there"
        )
      }
      let (begin, end) = (tensor.dataOffsets[0], tensor.dataOffsets[1])
      guard begin <= end else {
        throw SafeTensorsError("tensor \(name) ends at \(end), before its begin at \(begin)")
      }
      let size = try byteCount(of: name, dtype, tensor.shape)
      guard end - begin == size else {
        throw SafeTensorsError(
          "tensor \(name) of \(dtype.rawValue) \(tensor.shape) takes \(size) bytes, "
            + "but its data_offsets span \(end - begin)")
      }
      return Entry(name: name, dtype: dtype, shape: tensor.shape, byteRange: begin..<end)
    }

    /// The bytes that elements of a type in a shape take.
    static func byteCount(
      of name: String, _ dtype: ElementType, _ shape: [Int]
    ) throws(SafeTensorsError) -> Int {
      var size = dtype.size
      for dimension in shape {
        guard dimension >= 0 else {
          throw SafeTensorsError("tensor \(name) has the negative size \(dimension) in its shape")
        }
        let (product, overflows) = size.multipliedReportingOverflow(by: dimension)
        guard !overflows else {
          throw SafeTensorsError("tensor \(name) of shape \(shape) is larger than any memory")
        }
        size = product
      }
      return size
    }

    /// The tensors must fill the data from end to end: no gap, no overlap, nothing behind them.
    private func checkCoverage(of available: Int) throws(SafeTensorsError) {
      var position = 0
      for entry in entries {
        guard entry.byteRange.lowerBound == position else {
          let fault = entry.byteRange.lowerBound > position ? "leaves a gap" : "overlaps another"
          throw SafeTensorsError(
            "tensor \(entry.name) begins at \(entry.byteRange.lowerBound) where \(position) is "
              + "expected: it \(fault)")
        }
        position = entry.byteRange.upperBound
        guard position <= available else {
          throw SafeTensorsError(
            "tensor \(entry.name) ends at \(position), but the file has only \(available) bytes "
              + "of data"
          )
        }
      }
      guard position == available else {
        throw SafeTensorsError(
          "the tensors take \(position) bytes, but the file has \(available) bytes of data")
      }
    }
  }

  /// The header as it stands in the file, before any check but that of types.
  private struct Raw: Decodable {
    struct Tensor: Decodable {
      var dtype: String
      var shape: [Int]
      var dataOffsets: [Int]

      enum CodingKeys: String, CodingKey {
        case dtype, shape
        case dataOffsets = "data_offsets"
      }
    }

    struct Name: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    var metadata: [String: String] = [:]
    var tensors: [(String, Tensor)] = []

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Name.self)
      for key in container.allKeys {
        if key.stringValue == SafeTensors.metadataKey {
          metadata = try container.decodeIfPresent([String: String].self, forKey: key) ?? [:]
        } else {
          tensors.append((key.stringValue, try container.decode(Tensor.self, forKey: key)))
        }
      }
    }
  }

  static let metadataKey = "__metadata__"
}

/// Finds what a JSON decoder lets pass but the format does not: a name twice in one object, numbers
/// that are not plain unsigned integers, a comma behind the last element.
private struct KeyScan {
  private let text: UnsafeRawBufferPointer
  private var position = 0
  /// The names seen in each open object; nil for an array.
  private var open: [Set<[UInt8]>?] = []

  private init(_ text: UnsafeRawBufferPointer) { self.text = text }

  /// Malformed text passes: the decoder refuses it afterwards.
  static func check(_ text: UnsafeRawBufferPointer) throws(SafeTensorsError) {
    var scan = KeyScan(text)
    try scan.run()
  }

  private mutating func run() throws(SafeTensorsError) {
    while position < text.count {
      let byte = text[position]
      position += 1
      switch byte {
      case UInt8(ascii: "{"): open.append([])
      case UInt8(ascii: "["): open.append(nil)
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = open.popLast()
      case UInt8(ascii: ","):
        skipSpace()
        if position < text.count, [UInt8(ascii: "}"), UInt8(ascii: "]")].contains(text[position]) {
          throw SafeTensorsError(
            "the header is not valid JSON: a comma stands before a closing bracket")
        }
      case UInt8(ascii: "\""): try string()
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
      default: break
      }
    }
  }

  private mutating func string() throws(SafeTensorsError) {
    let start = position - 1
    while position < text.count, text[position] != UInt8(ascii: "\"") {
      position += text[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard position < text.count else { return }
    position += 1
    let end = position
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: ":"), let last = open.indices.last,
      open[last] != nil
    else { return }
    // Decoding undoes escapes: "a" and "\u0061" are the same name.
    let literal = Data(text[start..<end])
    guard let name = try? JSONDecoder().decode(String.self, from: literal) else { return }
    guard open[last]?.insert(Array(name.utf8)).inserted == true else {
      throw SafeTensorsError("the name \(name) stands twice in one object of the header")
    }
  }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
  }

  private mutating func number() throws(SafeTensorsError) {
    let start = position - 1
    let parts = Array("0123456789+-.eE".utf8)
    while position < text.count, parts.contains(text[position]) { position += 1 }
    let literal = String(decoding: text[start..<position], as: UTF8.self)
    guard literal.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      throw SafeTensorsError("the header holds \(literal) where only unsigned integers belong")
    }
    guard Int(literal) != nil else {
      throw SafeTensorsError("the header holds \(literal), which is larger than any size can be")
    }
  }
}

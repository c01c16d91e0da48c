#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A flat JSON object with sorted keys.
struct JSONObject: Encodable {
  var numbers: [String: Double] = [:]
  var integers: [String: Int] = [:]
  var texts: [String: String] = [:]

  var line: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (key, value) in numbers { try container.encode(value, forKey: Key(key)) }
    for (key, value) in integers { try container.encode(value, forKey: Key(key)) }
    for (key, value) in texts { try container.encode(value, forKey: Key(key)) }
  }
}

import Foundation
import Kobai

/// Numbers that PyTorch drew, from the test resources.
struct RandomVectors: Decodable, Sendable {
  /// A value as bits (hexadecimal) of a floating point dtype, or an integer.
  enum Element: Decodable, Hashable, Sendable {
    case bits(UInt64)
    case integer(Int)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let integer = try? container.decode(Int.self) {
        self = .integer(integer)
      } else {
        self = .bits(UInt64(try container.decode(String.self), radix: 16) ?? 0)
      }
    }
  }

  /// The first and last elements, a hash of all, and one of the generator's state afterwards.
  struct Row: Decodable, Sendable {
    let op, call, dtype: String?
    let seed: Seed?
    let n: Int
    let arg_n: Int?
    let first: [Element]
    let last: [Element]?
    let fnv, state: String?
  }

  struct Seed: Decodable, Sendable {
    let value: UInt64
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let seed = try? container.decode(Int.self) {
        value = UInt64(bitPattern: Int64(seed))
      } else {
        value = try container.decode(UInt64.self)
      }
    }
  }

  struct Engine: Decodable, Sendable {
    let seed: Seed
    let words: [Int]
    let seeded, drawn: String
    enum CodingKeys: String, CodingKey {
      case seed, words
      case seeded = "state after seeding"
      case drawn = "state after randn(3)"
    }
  }

  struct Sequence: Decodable, Sendable {
    let seed: Seed
    let calls: [Row]
  }

  /// Whole permutations of few elements, rows for many.
  struct Permutations: Decodable, Sendable {
    let seed: Seed
    let one, two, ten: [Int]
    let hundred, thousand, many: Row
    enum CodingKeys: String, CodingKey {
      case seed
      case one = "1"
      case two = "2"
      case ten = "10"
      case hundred = "100"
      case thousand = "1000"
      case many = "10007"
    }
  }

  let engine: [Engine]
  let state: String
  let ops: [Row]
  let sequence: [Sequence]
  let randperm: [Permutations]
  enum CodingKeys: String, CodingKey {
    case engine, ops, sequence, randperm
    case state = "state seed 42 after randn(3), 5056 bytes base64"
  }

  static let all: RandomVectors? = decode("random-vectors")

  static func decode<T: Decodable>(_ name: String) -> T? {
    guard
      let url = Bundle.module.url(
        forResource: name, withExtension: "json", subdirectory: "Resources"),
      let data = try? Data(contentsOf: url)
    else { return nil }
    return try? JSONDecoder().decode(T.self, from: data)
  }

  /// The 64-bit FNV-1a hash.
  static func fnv(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  static func dtype(_ short: String) -> DType {
    switch short {
    case "f32": .float32
    case "f64": .float64
    case "f16": .float16
    case "bf16": .bfloat16
    case "i8": .int8
    case "i16": .int16
    case "i32": .int32
    case "i64": .int64
    case "u8": .uint8
    default: .bool
    }
  }
}

extension RandomVectors.Row {
  /// What is wrong with a result, and with the generator after it; nil if nothing is.
  func difference(_ tensor: Tensor, _ generator: Generator?) -> String? {
    guard tensor.count == n else { return "\(tensor.count) elements, expected \(n)" }
    let bytes = tensor.bytes
    let size = tensor.dtype.size
    let elements: [RandomVectors.Element] = (0..<n).map { i in
      let place = bytes[(i * size)..<((i + 1) * size)]
      if tensor.dtype.isFloatingPoint {
        return .bits(place.reversed().reduce(0) { $0 << 8 | UInt64($1) })
      }
      return .integer(
        Int(
          tensor.dtype == .uint8 || tensor.dtype == .bool
            ? Int64(place.first ?? 0)
            : place.reversed().enumerated().reduce(0) {
              $0 << 8 | ($1.offset == 0 ? Int64(Int8(bitPattern: $1.element)) : Int64($1.element))
            }))
    }
    if Array(elements.prefix(first.count)) != first {
      return "starts with \(elements.prefix(first.count)), expected \(first)"
    }
    if let last, Array(elements.suffix(last.count)) != last {
      return "ends with \(elements.suffix(last.count)), expected \(last)"
    }
    if let fnv, RandomVectors.fnv(bytes) != fnv { return "differs in the middle" }
    if let generator, let state, RandomVectors.fnv(generator.state) != state {
      return "leaves the generator in another state"
    }
    return nil
  }
}

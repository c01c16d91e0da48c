import Foundation
import Kobai

/// What Tools/data/loading_orders.py recorded.
struct LoadingOrders: Decodable {
  var weights: [Double]
  var samplers: [SamplerCase]
  var loaders: [LoaderCase]
  var interleaved: [InterleavedCase]
  var splits: [SplitCase]

  struct SamplerCase: Decodable {
    var sampler: String
    var count: Int?
    var numSamples: Int?
    var replacement: Bool?
    var seed: Int
    var generator: Int?
    var epochs: Int
    var orders: [[Int]]
    var later: [[Int]]
  }

  struct LoaderCase: Decodable {
    var sampler: String?
    var count: Int
    var numSamples: Int?
    var replacement: Bool?
    var shared: Bool?
    var batchSize: Int
    var dropLast: Bool
    var shuffle: Bool?
    var seed: Int
    var generator: Int?
    var epochs: Int
    var batches: [[[Int]]]
    var later: [[Int]]
  }

  struct InterleavedCase: Decodable {
    var sampler: String
    var count: Int
    var numSamples: Int
    var replacement: Bool
    var batchSize: Int
    var seed: Int
    var generator: Int?
    /// Each batch, then the numbers drawn after it.
    var batches: [[NestedNumbers]]
    var later: [[Int]]
  }

  enum NestedNumbers: Decodable {
    case numbers([Int]), lists([[Int]])
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let numbers = try? container.decode([Int].self) {
        self = .numbers(numbers)
      } else {
        self = .lists(try container.decode([[Int]].self))
      }
    }
    var numbers: [Int] { if case .numbers(let numbers) = self { numbers } else { [] } }
    var lists: [[Int]] { if case .lists(let lists) = self { lists } else { [] } }
  }

  struct SplitCase: Decodable {
    var count: Int
    var lengths: [Int]?
    var fractions: [Double]?
    var seed: Int
    var generator: Int?
    var parts: [[Int]]
    var later: [[Int]]
  }

  static func recorded() throws -> LoadingOrders {
    let file = Bundle.module.url(
      forResource: "Resources/loading-orders", withExtension: "json")
    guard let file else { throw CocoaError(.fileNoSuchFile) }
    return try JSONDecoder().decode(LoadingOrders.self, from: Data(contentsOf: file))
  }
}

/// Seeds the default generator and makes the one that a case gives.
func seeded(_ seed: Int, _ generator: Int?) -> Generator? {
  manualSeed(seed)
  return generator.map { Generator(seed: $0) }
}

/// Numbers that follow in the streams.
func later(_ generator: Generator?) -> [[Int]] {
  let draws = Tensor.randint(1 << 30, [3]).array(as: Int.self)
  guard let generator else { return [draws] }
  return [draws, Tensor.randint(1 << 30, [3], generator: generator).array(as: Int.self)]
}

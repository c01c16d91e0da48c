import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// What `torch.manual_seed(0)` followed by a constructor gives.
@Suite("initial values of recurrent layers and transformers", .ownGenerator)
struct InitialValuesTests {
  private struct Reference: Decodable {
    /// First and last element, sum and shape of a tensor of the state.
    struct Entry: Decodable {
      let name: String
      let first, last: Float
      let sum: Double
      let shape: [Int]

      init(from decoder: any Decoder) throws {
        var fields = try decoder.unkeyedContainer()
        name = try fields.decode(String.self)
        first = try fields.decode(Float.self)
        last = try fields.decode(Float.self)
        sum = try fields.decode(Double.self)
        shape = try fields.decode([Int].self)
      }
    }

    let name: String
    let state: [Entry]
    /// The generator's next number, which tells how many were drawn.
    let next: Float
  }

  private static let modules: [(key: String, value: @Sendable () -> ModuleBase)] = [
    ("LSTM", { LSTM(3, 4, numLayers: 2, bidirectional: true, projSize: 2) }),
    ("GRU", { GRU(3, 4, numLayers: 2, bias: false, batchFirst: true, dropout: 0.25) }),
    ("RNN", { RNN(3, 4, nonlinearity: .relu) }),
    ("LSTMCell", { LSTMCell(3, 4) }),
    ("GRUCell", { GRUCell(3, 4, bias: false) }),
    ("RNNCell", { RNNCell(3, 4, nonlinearity: .relu) }),
    ("MultiheadAttention", { MultiheadAttention(4, 2, addBiasKV: true, kdim: 3, vdim: 5) }),
    ("MultiheadAttention self", { MultiheadAttention(4, 2) }),
    (
      "TransformerEncoder",
      {
        TransformerEncoder(
          TransformerEncoderLayer(4, 2, dimFeedforward: 8), numLayers: 2, norm: LayerNorm(4))
      }
    ),
    (
      "TransformerDecoderLayer",
      {
        TransformerDecoderLayer(4, 2, dimFeedforward: 8, bias: false)
      }
    ),
    (
      "Transformer",
      {
        Transformer(
          dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 2, dimFeedforward: 8)
      }
    ),
  ]

  @Test func equalPyTorchs() throws {
    let url = Bundle.module.bundleURL.appendingPathComponent("Resources/initial_values.json")
    let references = try JSONDecoder().decode([Reference].self, from: Data(contentsOf: url))
    #expect(references.map(\.name) == Self.modules.map(\.key))
    for (reference, module) in zip(references, Self.modules) {
      // Other tests may draw from the default generator between the seed and the end.
      var differences = ["never made"]
      for _ in 0..<20 where !differences.isEmpty {
        manualSeed(0)
        let state = module.value().stateDict()
        let next = Tensor.rand([1]).array(as: Float.self)
        differences = next == [reference.next] ? [] : ["next"]
        differences += Self.differences(state, reference.state)
      }
      #expect(differences.isEmpty, "\(reference.name)")
    }
  }

  private static func differences(_ state: StateDict, _ wanted: [Reference.Entry]) -> [String] {
    guard state.keys == wanted.map(\.name) else { return ["keys: \(state.keys)"] }
    return zip(state, wanted).filter { entry, wanted in
      let values = entry.value.array(as: Float.self)
      let sum = values.reduce(0) { $0 + Double($1) }
      return entry.value.shape != wanted.shape || values.first != wanted.first
        || values.last != wanted.last || Swift.abs(sum - wanted.sum) > 1e-6
    }.map(\.0.key)
  }
}

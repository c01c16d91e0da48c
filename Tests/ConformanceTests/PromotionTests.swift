import Foundation
import Kobai
import Testing

/// PyTorch's own tables of result types.
@Suite("promotion tables")
struct PromotionTests {
  private struct Tables: Decodable {
    var promoteTypes: [String: [String: String]]
    var canCast: [String: [String]]
    var dimWithZeroDim: [String: [String: String]]
    /// `dim` or `zero_dim` → dtype → kind of number → result.
    var tensorWithNumber: [String: [String: [String: String]]]
  }

  private let tables: Tables

  init() throws {
    let url = Bundle.module.bundleURL.appendingPathComponent("Cases/promotion.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    tables = try decoder.decode(Tables.self, from: try Data(contentsOf: url))
  }

  private func dtype(_ name: String) throws -> DType { try #require(DType(name: name)) }

  @Test func pairs() throws {
    #expect(tables.promoteTypes.count == DType.allCases.count)
    for (a, row) in tables.promoteTypes {
      for (b, want) in row {
        #expect(DType.promote(try dtype(a), try dtype(b)).description == want, "\(a), \(b)")
      }
    }
  }

  @Test func casts() throws {
    for (a, allowed) in tables.canCast {
      for b in DType.allCases {
        #expect(try dtype(a).canCast(to: b) == allowed.contains(b.description), "\(a) to \(b)")
      }
    }
  }

  @Test func rankZeroOperands() throws {
    for (a, row) in tables.dimWithZeroDim {
      // complex32 does not exist here: the half types meet complex numbers as complex64.
      for (b, want) in row where want != "complex32" {
        let sum = Tensor.ones([1], dtype: try dtype(a)) + Tensor.ones([], dtype: try dtype(b))
        #expect(sum.dtype.description == want, "\(a)[1] + \(b)[]")
      }
    }
  }

  @Test func numbers() throws {
    let numbers: [String: Tensor] = [
      "bool": Tensor(weak: true), "int": Tensor(weak: 1), "float": Tensor(weak: 1.0),
    ]
    for (rank, rows) in tables.tensorWithNumber {
      for (a, row) in rows {
        let x = Tensor.ones(rank == "dim" ? [1] : [], dtype: try dtype(a))
        for (kind, want) in row {
          guard let number = numbers[kind], want != "complex32" else { continue }
          #expect((x + number).dtype.description == want, "\(a) \(rank) + \(kind)")
        }
      }
    }
  }
}

import ComplexModule
import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// PyTorch's tables of type promotion, written by PyTorch itself (Resources/promotion.json).
@Suite struct ElementwisePromotionTests {
  struct Tables: Decodable {
    let promote_types: [String: [String: String]]
    let can_cast: [String: [String]]
    let dim_with_zero_dim: [String: [String: String]]
    let tensor_with_number: [String: [String: [String: String]]]
  }

  static let tables: Tables = {
    let file = Bundle.module.url(forResource: "Resources/promotion", withExtension: "json")!
    return try! JSONDecoder().decode(Tables.self, from: Data(contentsOf: file))
  }()

  /// A dtype of the tables. complex32 does not exist here: complex64 takes its place.
  static func dtype(_ name: String) -> DType {
    DType(name: name == "complex32" ? "complex64" : name)!
  }

  static func number(_ kind: String) -> Tensor {
    switch kind {
    case "bool": Tensor(weak: true)
    case "int": Tensor(weak: 1)
    case "float": Tensor(weak: 1.0)
    default: Tensor(weak: Complex(1.0, 1.0))
    }
  }

  @Test func dtypes() {
    #expect(Self.tables.promote_types.count == DType.allCases.count)
    for (a, row) in Self.tables.promote_types {
      for (b, result) in row {
        #expect(
          DType.promote(Self.dtype(a), Self.dtype(b)) == Self.dtype(result), "\(a) with \(b)")
      }
    }
  }

  @Test func canCast() {
    for (source, targets) in Self.tables.can_cast {
      for target in DType.allCases {
        #expect(
          Self.dtype(source).canCast(to: target) == targets.contains("\(target)"),
          "\(source) to \(target)")
      }
    }
  }

  @Test func dimensionsBeforeRankZero() {
    for (a, row) in Self.tables.dim_with_zero_dim {
      for (b, result) in row {
        let x = Tensor.ones([1], dtype: Self.dtype(a))
        let y = Tensor.ones([], dtype: Self.dtype(b))
        #expect((x + y).dtype == Self.dtype(result), "\(a)[1] with \(b)[]")
        #expect((y * x).dtype == Self.dtype(result), "\(b)[] with \(a)[1]")
        #expect(x.eq(y).dtype == .bool)
      }
    }
  }

  @Test func tensorsBeforeNumbers() {
    for (rank, table) in Self.tables.tensor_with_number {
      for (a, row) in table {
        for (kind, result) in row {
          let x = Tensor.ones(rank == "dim" ? [1] : [], dtype: Self.dtype(a))
          let number = Self.number(kind)
          #expect((x + number).dtype == Self.dtype(result), "\(rank) \(a) with \(kind)")
          #expect((number * x).dtype == Self.dtype(result), "\(kind) with \(rank) \(a)")
        }
      }
    }
  }

  @Test func floatingOperationsOfIntegers() {
    let x = Tensor([1, 2])
    #expect(x.sqrt().dtype == .float32)
    #expect((x / 2).dtype == .float32)
    #expect(x.to(.bool).sigmoid().dtype == .float32)
    #expect(x.atan2(x).dtype == .float32)
    #expect(x.to(.float16).exp().dtype == .float16)
    #expect(x.floorDivide(2).dtype == .int64)
    #expect(x.floor().dtype == .int64)
    #expect(x.square().dtype == .int64)
    #expect(x.to(.bool).square().dtype == .int64)
    #expect(x.floatPower(2).dtype == .float64)
  }

  @Test func clampPromotesWithItsBounds() {
    let x = Tensor([1, 2, 9])
    #expect(x.clamp(min: 2, max: 5).array(as: Int.self) == [2, 2, 5])
    #expect(x.clamp(min: 0, max: 2.5).dtype == .float32)
    #expect(x.clamp(min: 0, max: 2.5).array(as: Float.self) == [1, 2, 2.5])
    #expect(x.clamp(min: Tensor([2.0, 2, 2], dtype: .float64)).dtype == .float64)
    #expect(x.to(.float16).clamp(max: 2.0).dtype == .float16)
  }
}

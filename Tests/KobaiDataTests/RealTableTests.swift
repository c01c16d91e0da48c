import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// Real tables against what pandas and scikit-learn say of them (Tools/data/table_references.py).
struct RealTableTests {
  struct References: Decodable {
    var summaries: [String: Summary]
    var counts: [String: [String: Int]]
    var encoded: [String: Encoded]

    struct Summary: Decodable {
      var rows: Int
      var columns: [String]
      var types: [String]
      var missing: [String: Int]
      var describe: [String: [Double?]]
    }
    struct Encoded: Decodable {
      var numbers: [String]
      var categories: [String]
      var train: Matrix
      var test: Matrix
    }
    struct Matrix: Decodable {
      var shape: [Int]
      var sums: [Double]
      var squares: [Double]
      var first: [[Double]]
    }

    static func recorded() throws -> References {
      let file = Bundle.module.url(
        forResource: "Resources/table-references", withExtension: "json")
      return try JSONDecoder().decode(
        References.self, from: Data(contentsOf: try #require(file)))
    }
  }

  static func close(_ a: Double, _ b: Double, scale: Double = 1) -> Bool {
    abs(a - b) <= 1e-6 * Swift.max(scale, abs(b))
  }

  func check(_ table: Table, _ name: String) throws {
    let references = try References.recorded()
    let summary = try #require(references.summaries[name])
    #expect(table.count == summary.rows && table.columnNames == summary.columns)
    let missing = Dictionary(uniqueKeysWithValues: table.missingCounts.map { ($0.name, $0.count) })
    #expect(missing == summary.missing)
    for (column, type) in zip(table.columns, summary.types) {
      // pandas has no whole numbers beside missing ones.
      let isWidened = column.type == .int && column.missingCount > 0 && type == "double"
      #expect(column.type.rawValue == type || isWidened, "\(column.name)")
    }
    let statistics = table.describe()
    for (column, expected) in summary.describe {
      for (row, value) in expected.enumerated() {
        let actual = statistics[column][row].number
        let isSame =
          if let actual, let value { Self.close(actual, value) } else { actual == value }
        #expect(isSame, "\(column) \(row)")
      }
    }
  }

  func check(
    _ table: Table, _ name: String, _ change: (inout TableEncoder.Options) -> Void
  ) throws {
    let expected = try #require(try References.recorded().encoded[name])
    var options = TableEncoder.Options()
    options.unseen = .ignore
    change(&options)
    let cut = table.count * 4 / 5
    let (train, test) = (table.rows(0..<cut), table.rows(cut..<table.count))
    let encoder = try TableEncoder(
      fitting: train, features: expected.numbers + expected.categories, options: options)
    for (part, matrix) in [(train, expected.train), (test, expected.test)] {
      let tensor = try encoder.features(of: part)
      #expect(tensor.shape == matrix.shape)
      let wide = tensor.to(.float64)
      let (sums, squares) = (wide.sum(dim: 0), (wide * wide).sum(dim: 0))
      let rows = Double(part.count)
      for (a, b) in zip(sums.array(as: Double.self), matrix.sums) {
        #expect(Self.close(a, b, scale: rows))
      }
      for (a, b) in zip(squares.array(as: Double.self), matrix.squares) {
        #expect(Self.close(a, b, scale: rows))
      }
      let first = tensor.narrow(dim: 0, start: 0, length: 3).array(as: Double.self)
      for (a, b) in zip(first, matrix.first.joined()) { #expect(Self.close(a, b)) }
    }
  }

  @Test(.needs("titanic")) func titanic() throws {
    let table = try Table(csv: RealData.folder("titanic") + "/train.csv")
    try check(table, "titanic")
    let counts = Dictionary(
      uniqueKeysWithValues: try table.valueCounts("Embarked").map { ($0, $1) })
    #expect(try counts == References.recorded().counts["titanic"])
    try check(table, "titanic") { _ in }
  }

  @Test(.needs("california")) func california() throws {
    let table = try Table(csv: RealData.folder("california") + "/housing.csv")
    try check(table, "california")
    try check(table, "california") {
      $0.missingNumbers = .mean
      $0.scaling = .minMax
      $0.categories = .ordinal
    }
  }

  @Test(.needs("nsl-kdd")) func intrusions() throws {
    let folder = try RealData.folder("nsl-kdd")
    let table = try Table(csv: folder + "/KDDTrain+_20Percent.txt", header: false)
    try check(table, "kdd")
    try check(table, "kdd") { $0.missingNumbers = .mostFrequent }
    let later = try Table(csv: folder + "/KDDTest+.txt", header: false)
    #expect(later.count == 22544 && later.columnNames == table.columnNames)
  }

  @Test(.needs("icecream")) func shiftJISEqualsUTF8() throws {
    let folder = try RealData.folder("icecream")
    let utf8 = try Table(csv: folder + "/icecream.csv", skippedLines: 1)
    let shiftJIS = try Table(
      csv: folder + "/icecream.sjis.csv", encoding: .shiftJIS, skippedLines: 1)
    #expect(utf8.columnNames == ["年", "月", "アイスクリーム"] && utf8.count == 120)
    #expect(utf8 == shiftJIS)
  }

  @Test(.needs("iris")) func irisIsLearnable() throws {
    let table = try Table(csv: RealData.folder("iris") + "/iris.csv")
    let encoder = try TableEncoder(fitting: table, target: "species")
    #expect(encoder.classes == ["setosa", "versicolor", "virginica"])
    let data = try encoder.dataset(of: table)
    // The nearest mean of a class finds most flowers.
    let (x, y) = (data.tensors[0], data.tensors[1])
    let means = Tensor.stack((0..<3).map { k in x.maskedSelectRows(y, k).mean(dim: 0) })
    let distances = ((x.unsqueeze(1) - means) ** 2).sum(dim: 2)
    let correct = distances.argmin(dim: 1).array(as: Int.self)
    let hits = zip(correct, y.array(as: Int.self)).count { $0 == $1 }
    #expect(hits >= 120)
  }
}

extension Tensor {
  fileprivate func maskedSelectRows(_ labels: Tensor, _ label: Int) -> Tensor {
    let rows = labels.array(as: Int.self).enumerated().filter { $0.element == label }.map(\.offset)
    return indexSelect(dim: 0, index: Tensor(rows))
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips a test, with the reason, where that folder of the data is neither there nor required.
  fileprivate static func needs(_ name: String) -> Self {
    .enabled(if: RealData.isExpected(name), Comment(rawValue: RealData.reason(name)))
  }
}

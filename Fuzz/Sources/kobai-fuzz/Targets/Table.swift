import Foundation
import Kobai

extension FuzzTarget {
  /// A CSV file as a table, and an encoder fitted to it. The first byte chooses the encoder's options.
  static let table = FuzzTarget(
    name: "table", maximalLength: 160,
    words: [
      "NA", "nan", "inf", "-inf", "true", "FALSE", "1e308", "-1e-320", "0x1p3", "007",
      "9223372036854775807", "-9223372036854775808", "\"\"", "\r\n", ",,", "y\n", "年",
    ],
    seeds: {
      [
        "\u{0}a,b,y\n1,x,2.5\n2,y,3.5\n,x,1\n", "\u{1}a,y\ntrue,0\nFALSE,1\n,1\n",
        "\u{6}a,b,y\n007,1,p\nx,2,q\n", "\u{B}a,y\r\n1e3,1\r\n-2,NA\r\n0.5,2\r\n",
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      guard let first = bytes.first else { return }
      let csv = try CSV.decode(Array(bytes.dropFirst()))
      let table = try Table(csv)
      demand(table.count == csv.rowCount, "a table has the file's rows")
      for column in table.columns { demand(column.count == table.count, "columns have a length") }
      _ = table.text(rows: Int(first >> 4), width: Int(first & 15)).count
      _ = table.describe().description.count
      try check(table, options(first), target: first & 1 == 0 ? table.columnNames.last : nil)
    })

  private static func options(_ byte: UInt8) -> TableEncoder.Options {
    var options = TableEncoder.Options()
    options.scaling = [.standard, .minMax, .none, .standard][Int(byte >> 1 & 3)]
    options.missingNumbers =
      [.median, .mean, .mostFrequent, .constant(-1)][Int(byte >> 3 & 3)]
    options.categories = byte & 32 == 0 ? .oneHot : .ordinal
    options.missingCategories = byte & 64 == 0 ? .mostFrequent : .constant("?")
    options.unseen = .ignore
    options.scalesTarget = byte & 128 != 0
    return options
  }

  private static func check(
    _ table: Table, _ options: TableEncoder.Options, target: String?
  ) throws {
    let encoder = try TableEncoder(fitting: table, target: target, options: options)
    guard let features = try? encoder.features(of: table) else {
      fatalError("violated: the table of the fit can be encoded")
    }
    demand(features.shape == [table.count, encoder.featureCount], "features have their shape")
    demand(encoder.featureNames.count == encoder.featureCount, "features have their names")
    if options.scaling != .none {
      demand(features.array(as: Float.self).allSatisfy(\.isFinite), "features are finite")
    }
    if target != nil {
      guard let targets = try? encoder.targets(of: table) else {
        fatalError("violated: the targets of the fit can be encoded")
      }
      demand(targets.shape.first == table.count, "each row has its target")
    }
    let text = try? JSONEncoder().encode(encoder)
    guard let text, let again = try? JSONDecoder().decode(TableEncoder.self, from: text) else {
      fatalError("violated: an encoder can be saved")
    }
    demand(again == encoder, "an encoder is kept")
  }
}

import Foundation
import Kobai
import KobaiFormats
import Testing

struct TableEncoderTests {
  func table(_ text: String) throws -> Table { try Table(try CSV.decode(Array(text.utf8))) }

  @Test func everythingComesFromTheTrainingPart() throws {
    let train = try table("x,c,y\n0,b,yes\n,a,no\n4,a,yes\n2,b,no\n2,b,no\n")
    var options = TableEncoder.Options()
    options.unseen = .ignore
    let encoder = try TableEncoder(fitting: train, target: "y", options: options)
    #expect(encoder.featureNames == ["x", "c=a", "c=b"] && encoder.featureCount == 3)
    #expect(encoder.classes == ["no", "yes"])
    // Median 2 for the missing one: 0, 2, 4, 2, 2 have mean 2 and variance 8/5.
    let scale = (8.0 / 5).squareRoot()
    let later = try table("c,y,x\nb,no,6\nz,yes,\n,no,2\n")
    let x = try encoder.features(of: later).array(as: Float.self)
    #expect(x == [Float(4 / scale), 0, 1, 0, 0, 0, 0, 0, 1])
    #expect(same(try encoder.targets(of: later), Tensor([0, 1, 0])))
    #expect(try encoder.dataset(of: later).count == 3)
    let unseen = try encoder.unseenCategories(in: later)
    #expect(unseen.map(\.column) == ["c"] && unseen[0].categories == ["z"])

    let saved = try JSONEncoder().encode(encoder)
    let restored = try JSONDecoder().decode(TableEncoder.self, from: saved)
    #expect(restored == encoder)
    #expect(restored.classNames(of: Tensor([[0.1, 0.9], [2, 1]])) == ["yes", "no"])
  }

  @Test func everyChoiceIsFollowed() throws {
    let train = try table("x,k,c,b\n1,10,u,true\n,20,,false\n9,10,v,\n9,10,v,true\n")
    func encoded(_ change: (inout TableEncoder.Options) -> Void) throws -> [[Float]] {
      var options = TableEncoder.Options()
      options.scaling = .none
      change(&options)
      let encoder = try TableEncoder(fitting: train, options: options)
      let tensor = try encoder.features(of: train)
      return (0..<4).map { tensor.select(dim: 0, index: $0).array(as: Float.self) }
    }
    #expect(
      try encoded { _ in } == [
        [1, 10, 1, 0, 1], [9, 20, 0, 1, 0], [9, 10, 0, 1, 1], [9, 10, 0, 1, 1],
      ])
    #expect(try encoded { $0.missingNumbers = .constant(-1) }[1][0] == -1)
    #expect(try encoded { $0.missingNumbers = .mostFrequent }[1][0] == 9)
    let mean = try encoded { $0.missingNumbers = .mean }[1][0]
    #expect(abs(mean - 19.0 / 3) < 1e-6)
    #expect(try encoded { $0.scaling = .minMax }.map { $0[0] } == [0, 1, 1, 1])
    #expect(
      try encoded { $0.missingCategories = .constant("none") }[1] == [9, 20, 0, 0, 1, 0])
    #expect(try encoded { $0.categories = .ordinal }.map { $0[2] } == [0, 1, 1, 1])
    #expect(try encoded { $0.categorical = ["k"] }[1] == [9, 0, 1, 0, 1, 0])
    #expect(throws: TableError.self) { try encoded { $0.missingNumbers = .error } }
    #expect(throws: TableError.self) { try encoded { $0.missingCategories = .error } }
    #expect(throws: TableError.self) { try encoded { $0.maxCategories = 1 } }
    #expect(throws: TableError.self) { try encoded { $0.categorical = ["no"] } }
  }

  @Test func equallyFrequentNumbersAreOrderedByValue() throws {
    let table = try table("x\n10\n2\nNA\n10\n2\n7\n")
    #expect(try table.valueCounts("x").map(\.value) == ["2", "10", "7"])
    var options = TableEncoder.Options()
    options.scaling = .none
    options.missingNumbers = .mostFrequent
    let x = try TableEncoder(fitting: table, options: options).features(of: table)
    #expect(x[2, 0].item() == 2)
  }

  @Test func targetsAreClassesOrNumbers() throws {
    let rows = (0..<30).map { "\($0),\($0 % 3),\(Double($0) / 2)" }.joined(separator: "\n")
    let table = try table("n,k,d\n" + rows + "\n")
    #expect(try TableEncoder(fitting: table, target: "k").classes == ["0", "1", "2"])
    let numbers = try TableEncoder(fitting: table, target: "n")
    #expect(numbers.classes == nil)
    #expect(try numbers.targets(of: table).shape == [30, 1])
    var options = TableEncoder.Options()
    options.task = .classification
    #expect(try TableEncoder(fitting: table, target: "n", options: options).classes?.count == 30)
    options.task = .regression
    options.scalesTarget = true
    let scaled = try TableEncoder(fitting: table, target: "d", options: options)
    let targets = try scaled.targets(of: table)
    #expect(abs(targets.mean().item()) < 1e-6)
    #expect(abs(targets.std(correction: 0).item() - 1) < 1e-6)
    let back = scaled.numbers(of: targets).array(as: Double.self)
    #expect(zip(back, 0...).allSatisfy { abs($0 - Double($1) / 2) < 1e-5 })
  }

  @Test func unfitDataIsRefused() throws {
    let train = try table("x,c,y\n1,a,p\n2,b,q\n")
    let encoder = try TableEncoder(fitting: train, target: "y")
    func message(_ text: String) -> String? {
      let error = #expect(throws: TableError.self) {
        _ = try encoder.dataset(of: try table(text))
      }
      return error?.message
    }
    #expect(message("x,y\n1,p\n")?.contains("there is no column \"c\"") == true)
    #expect(message("x,c,y\n1,z,p\n")?.contains("\"z\" was not in the table") == true)
    #expect(message("x,c,y\n1,a,z\n")?.contains("\"z\" was not in the table") == true)
    #expect(message("x,c,y\none,a,p\n")?.contains("holds text here (\"one\")") == true)
    #expect(message("x,c,y\n1,a,p\n-inf,a,p\n")?.contains("holds -inf in row 1") == true)
    #expect(message("x,c,y\n1,a,\n")?.contains("\"y\" is missing in 1 of 1 rows") == true)
    for (text, target) in [
      ("x,y\n1,\n", "y"), ("x,y\n,1\n", "y"), ("x,y\n1,2\n", "z"), ("y\n1\n", "y"),
      ("x,y\ninf,1\n", "y"), ("x,y\n", "y"),
    ] {
      #expect(throws: TableError.self, "\(text)") {
        try TableEncoder(fitting: try table(text), target: target)
      }
    }
    #expect(throws: TableError.self) {
      try TableEncoder(fitting: train, target: "y", features: ["x", "y"])
    }
    #expect(throws: TableError.self) {
      try TableEncoder(fitting: train).targets(of: train)
    }
  }

  /// Text that looks like a number or a truth value where it stands alone.
  @Test func filesAreReadAsTheTableOfTheFit() throws {
    let train = try table("code,flag,x,y\n007,TRUE,1,0\nA1,FALSE,2,1\n7,UNKNOWN,3,0\n")
    let encoder = try TableEncoder(fitting: train, target: "y")
    let folder = try ScratchFolder()
    func rows(_ text: String) throws -> Table {
      try AtomicFile.write(Array(text.utf8), to: "\(folder.path)/new.csv")
      return try encoder.table(csv: "\(folder.path)/new.csv")
    }
    let new = try rows("x,flag,code,other\n2,TRUE,007,1\n,TRUE,7,2\n")
    let x = try encoder.features(of: new)
    #expect(encoder.featureNames.prefix(3) == ["code=007", "code=7", "code=A1"])
    #expect(
      x.array(as: Float.self) == [
        1, 0, 0, 0, 1, 0, 0,
        0, 1, 0, 0, 1, 0, 0,
      ])
    let wrong = #expect(throws: TableError.self) {
      try rows("x,flag,code\n1,TRUE,7\nmany,TRUE,7\n")
    }
    #expect(wrong?.message.contains("line 3: \"many\" in column \"x\"") == true)
    let missing = try rows("x\n1\n")
    #expect(throws: TableError.self) { try encoder.features(of: missing) }
  }

  @Test func numbersBeyondMeasureAreRefused() throws {
    let wide = try table((1...9).reduce("x,y\n") { $0 + "\($1)e200,\($1)e200\n" })
    var options = TableEncoder.Options()
    let error = #expect(throws: TableError.self) {
      try TableEncoder(fitting: wide, features: ["x"])
    }
    #expect(error?.message.contains("column \"x\" holds numbers so large") == true)
    options.scaling = .minMax
    options.scalesTarget = true
    #expect(throws: TableError.self) {
      try TableEncoder(fitting: wide, target: "y", features: ["x"], options: options)
    }
    let whole = try table("x\n-1.5e308\n1.5e308\n")
    #expect(throws: TableError.self) { try TableEncoder(fitting: whole, options: options) }
    // What fills in for missing values must be a number too, scaled or not.
    let large = try table("x\n-1e308\nNA\n1.5e308\n1.5e308\n")
    options.scaling = .none
    options.missingNumbers = .mean
    #expect(throws: TableError.self) { try TableEncoder(fitting: large, options: options) }
    options.missingNumbers = .mostFrequent
    #expect(try TableEncoder(fitting: large, options: options).featureCount == 1)
  }
}

import Foundation
import Testing

/// `kobai train` on tables that are not what they should be.
@Suite(.serialized) struct TableTrainingTests {
  private let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  private func train(
    _ text: String, target: String = "y", name: String = "data", options: [String] = []
  ) throws -> Program.Result {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path("\(name).csv")))
    return try Program.run(
      [
        "train", "--data", folder.path("\(name).csv"), "--target", target, "--epochs", "2", "--out",
        folder.path(name),
      ] + options)
  }

  private func table(_ header: String, rows: Int = 60, _ row: (Int) -> String) -> String {
    (0..<rows).reduce(header + "\n") { $0 + row($1) + "\n" }
  }

  @Test func failuresAreOneSentence() throws {
    let cases: [(text: String, sentence: String)] = [
      (table("a,y") { "\($0),k" }, "y is k in all rows"),
      (table("a,y") { "\($0),2.5" }, "y is 2.5 in all rows"),
      (table("a;b;y") { "\($0);1;2" }, "separates its fields by semicolons"),
      (table("a\ty") { "\($0)\t2" }, "separates its fields by tabs"),
      (table("a,y") { "\($0),w\($0)" }, "y has 60 classes in 60 rows"),
      (table("a,y") { "\($0 == 7 ? "inf" : "\($0)"),\($0).5" }, "a is inf in row 8"),
      (table("a,y") { "\($0)e200,\($0).5" }, "column \"a\" holds numbers so large"),
      (table("a,y") { ",\($0).5" }, "no column is left to predict y from"),
      (table("a,y", rows: 3) { "\($0),\($0).5" }, "has 3 rows with a y"),
      ("", "there is no line"), (table("a,a,y") { "\($0),1,2" }, "two columns have the name"),
    ]
    for (text, sentence) in cases {
      let result = try train(text)
      #expect(result.status == 1, "\(sentence)")
      #expect(result.errors.contains(sentence), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      #expect(folder.contents("data/config.json") == nil)
    }
  }

  @Test func columnsAndClassesMayBeRare() throws {
    // The only value of b lies in the rows to test with for most orders; c has none at all.
    let result = try train(
      table("a,b,c,y", rows: 61) {
        "\($0),\($0 == 17 ? "3" : ""),,\($0 == 60 ? "rare" : $0 % 2 == 0 ? "u" : "v")"
      })
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("c is left out: it has no values"))
    let eval = try Program.run(["eval", folder.path("data")])
    #expect(eval.status == 0, "\(eval.errors)")
    // Classes in the order of their names, each with its share of the rows to test with.
    #expect(
      eval.lines.count { $0.hasPrefix("rare") || $0.hasPrefix("u") || $0.hasPrefix("v") } == 3)
  }

  @Test func codesStayCodesInNewFiles() throws {
    let flags = ["TRUE", "FALSE", "UNKNOWN"]
    let text = table("flag,y", rows: 90) { "\(flags[$0 % 3]),\(["p", "q", "r"][$0 % 3])" }
    #expect(try train(text, options: ["--lr", "0.05"]).status == 0)
    func answers(_ rows: [String]) throws -> [String] {
      try Data((["flag"] + rows).joined(separator: "\n").utf8)
        .write(to: URL(fileURLWithPath: folder.path("new.csv")))
      let result = try Program.run([
        "predict", folder.path("data"), folder.path("new.csv"), "--csv",
      ])
      #expect(result.status == 0, "\(result.errors)")
      return result.lines.dropFirst().map { String($0.split(separator: ",", maxSplits: 2)[2]) }
    }
    // Alone, TRUE looks like a truth value.
    let alone = try answers(["TRUE", "TRUE"])
    let together = try answers(["TRUE", "UNKNOWN"])
    #expect(alone == [together[0], together[0]])
    #expect(together[0] != together[1])
  }

  @Test func aFileThatHasChangedIsNotTakenForTheSame() throws {
    let text = table("a,y") { "\($0),\($0).5" }
    #expect(try train(text).status == 0)
    try Data(table("a,y") { "\($0 + 1),\($0).5" }.utf8)
      .write(to: URL(fileURLWithPath: folder.path("data.csv")))
    for arguments in [["eval", folder.path("data")], ["train", "--resume", folder.path("data")]] {
      let result = try Program.run(arguments)
      #expect(result.status == 1)
      #expect(result.errors.contains("is not what the run"), "\(result.errors)")
    }
  }
}

import Foundation
import Kobai
import KobaiFormats
import Testing

struct TableTests {
  func table(_ text: String, missing: [String] = Table.usualMissing) throws -> Table {
    try Table(try CSV.decode(Array(text.utf8)), missing: missing)
  }

  @Test func typesAreThoseOfWholeColumns() throws {
    let table = try table(
      """
      a,b,c,d,e,f,g,h
      1,1,true,x,,-5,99999999999999999999,0x10
       2 ,2.5,FALSE,1,NA,+7,1,1
      ,1e3,,"",nan,-9223372036854775808,2,2
      """)
    let types: [Table.ColumnType] = [
      .int, .double, .bool, .string, .double, .int, .double, .string,
    ]
    #expect(table.columns.map(\.type) == types)
    #expect(table["a"].values == .int([1, 2, nil]))
    #expect(table["b"].values == .double([1, 2.5, 1000]))
    #expect(table["c"].values == .bool([true, false, nil]))
    #expect(table["d"].values == .string(["x", "1", nil]))
    #expect(table["e"].missingCount == 3)
    #expect(table["f"].values == .int([-5, 7, Int.min]))
    let counts = table.missingCounts
    #expect(counts.map(\.name) == ["a", "c", "d", "e"] && counts.map(\.count) == [1, 1, 1, 3])
    // A number does not end where a C string would.
    #expect(try self.table("a\n1.5\n2\u{0}5\n")["a"].type == .string)
    let kept = try self.table("a\n?\n1\n", missing: ["?"])
    #expect(kept["a"].values == .int([nil, 1]))
  }

  @Test func typesCanBeSaid() throws {
    let csv = try CSV.decode(Array("zip,n\n01234,1\n00001,2\n".utf8))
    let table = try Table(csv, types: ["zip": .string, "n": .double])
    #expect(table["zip"].values == .string(["01234", "00001"]))
    #expect(table["n"].values == .double([1, 2]))
    let wrong = #expect(throws: TableError.self) {
      try Table(try CSV.decode(Array("n\n1\n\"a\nb\"\nx\n".utf8)), types: ["n": .int])
    }
    #expect(wrong?.message == "line 3: \"a\nb\" in column \"n\" is no int")
    #expect(throws: TableError.self) { try Table(csv, types: ["no": .int]) }
    #expect(throws: TableError.self) { try Table(csv, names: ["one"]) }
    #expect(throws: TableError.self) { try self.table("a,a\n1,2\n") }
  }

  @Test func columnsAndRowsAreSelected() throws {
    let table = try table("n,s,b\n3,x,true\n1,y,false\n2,,true\n")
    #expect(try table.select(["s", "n"]).columnNames == ["s", "n"])
    #expect(try table.drop(["b"]).columnNames == ["n", "s"])
    #expect(table.filter { $0["b"] == true }["n"].values == .int([3, 2]))
    #expect(table[1]["s"] == "y" && table[2]["s"].isMissing)
    #expect(table[0].values == [3, "x", true])
    #expect(table.head(1).count == 1 && table.head(9).count == 3 && table.tail(2)["n"][0] == 1)
    #expect(try table.dropMissing().count == 2 && table.dropMissing(["n"]).count == 3)
    #expect(try table.with(.init("m", .double([1, 2, 3]))).columnNames == ["n", "s", "b", "m"])
    #expect(try table.with(.init("n", .double([1, 2, 3])))["n"].type == .double)
    #expect(try table.appending(table)["s"].missingCount == 2)
    for name in ["", "x", "N"] {
      #expect(throws: TableError.self) { try table.select([name]) }
      #expect(throws: TableError.self) { try table.drop([name]) }
      #expect(throws: Misuse.self) { try recovering { _ = table[name] } }
    }
    let error = #expect(throws: TableError.self) { try table.column("no") }
    #expect(
      error?.description
        == "table: there is no column \"no\"; the columns are \"n\", \"s\", \"b\"")
    #expect(throws: TableError.self) { try table.with(.init("m", .int([1]))) }
  }

  @Test func printingAligns() throws {
    let table = try table(
      "名前,n,x\nアイス,10,1.5\nb,-2,0.25\n\"Braund, Mr. Owen Harris of Nowhere\",,3\n")
    #expect(
      table.description == """
        名前                             n     x
        アイス                          10  1.50
        b                               -2  0.25
        Braund, Mr. Owen Harris of No…   –  3.00
        3 rows × 3 columns
        """)
    let long = try Table([.init("n", .int(Array(0..<100)))])
    let lines = long.description.split(separator: "\n")
    #expect(
      lines.count == 13 && lines[6] == "…" && lines[7] == "95" && lines[12] == "100 rows × 1 column"
    )
  }

  @Test func csvComesBack() throws {
    let table = try table("n,s,b,x\n3,\"a,\"\"b\"\"\",true,0.1\n,y,,1e300\n")
    let path = NSTemporaryDirectory() + "kobai-table-\(UUID().uuidString).csv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try table.write(csv: path)
    #expect(try Table(csv: path) == table)
    try table.write(csv: path, separator: ";")
    #expect(try Table(csv: path, separator: ";") == table)
    #expect(throws: FileError.self) { try Table(csv: path + "no") }
  }

  @Test func numbersBecomeTensors() throws {
    let table = try table("n,x,b,s\n9007199254740993,0.5,true,a\n2,,false,b\n")
    #expect(same(try table.tensor("n", dtype: .int64), Tensor([9_007_199_254_740_993, 2])))
    #expect(same(try table.tensor(["b", "n"]).select(dim: 1, index: 0), Tensor([1.0, 0.0])))
    let x = try table.tensor("x").array(as: Double.self)
    #expect(x[0] == 0.5 && x[1].isNaN)
    #expect(throws: TableError.self) { try table.tensor("x", dtype: .int64) }
    #expect(throws: TableError.self) { try table.tensor("s") }
    #expect(try table.tensor([]).shape == [2, 0])
  }

  @Test func splitsKeepShares() throws {
    let classes = (0..<100).map { $0 % 4 == 0 ? "a" : "b" }
    let table = try Table([
      .init("row", .int(Array(0..<100))), .init("class", .string(classes)),
    ])
    let parts = try table.randomSplit(
      [0.6, 0.2, 0.2], stratifiedBy: "class", generator: Generator(seed: 1))
    #expect(parts.map(\.count) == [60, 20, 20])
    for part in parts {
      let counts = try part.valueCounts("class")
      #expect(counts[0].value == "b" && counts[0].count == 3 * counts[1].count)
    }
    let rows = parts.flatMap { $0["row"].numbers ?? [] }
    #expect(rows.compactMap { $0 }.sorted() == (0..<100).map(Double.init))
    let plain = table.randomSplit([0.6, 0.4], generator: Generator(seed: 1))
    let order = Tensor.randperm(100, generator: Generator(seed: 1)).array(as: Int.self)
    #expect(plain[0]["row"].values == .int(Array(order[..<60])))
  }

  @Test func cutTablesShowBothEnds() throws {
    let table = try table((0..<4).reduce("n\n") { $0 + "\($1)\n" })
    #expect(table.text(rows: 4) == "n\n0\n1\n2\n3\n4 rows × 1 column")
    #expect(table.text(rows: 3) == "n\n0\n1\n…\n3\n4 rows × 1 column")
    #expect(table.text(rows: 1) == "n\n0\n…\n4 rows × 1 column")
    #expect(table.text(rows: -1) == table.text(rows: 1))
    let long = try self.table((0..<100).reduce("n\n") { $0 + "\($1)\n" })
    #expect(long.text(rows: 12).split(separator: "\n").count == 13)
  }
}

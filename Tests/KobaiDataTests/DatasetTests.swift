import Kobai
import Testing

struct DatasetTests {
  let x = Tensor.arange(12).reshape([6, 2])
  let y = Tensor.arange(6) * 10

  @Test func tensorDatasetGivesTuples() throws {
    let data = TensorDataset(x, y)
    #expect(data.count == 6)
    let (a, b) = data[4]
    #expect(a.array(as: Int.self) == [8, 9] && b.item() == 40 && b.shape == [])
    let (c, d) = try #require(data.stacked(at: [5, 0, 5]))
    #expect(same(c, Tensor([[10, 11], [0, 1], [10, 11]])) && same(d, Tensor([50, 0, 50])))
    #expect(same(TensorDataset(x)[1], Tensor([2, 3])))
    #expect(TensorDataset(x, y, y)[1].2.item() == 10)
    #expect(same(TensorDataset([x, y, y, x])[2][3], Tensor([4, 5])))
  }

  /// Examples that follow each other are a view of the same memory.
  @Test func consecutiveExamplesAreNotCopied() throws {
    let data = TensorDataset(x)
    let before = Memory.current
    let batch = try #require(data.stacked(at: [2, 3, 4]))
    #expect(Memory.current == before)
    #expect(same(batch, Tensor([[4, 5], [6, 7], [8, 9]])))
    let empty = try #require(data.stacked(at: []))
    #expect(empty.shape == [0, 2])
  }

  @Test func differentLengthsAreRefused() {
    #expect(throws: Misuse.self) { try recovering { _ = TensorDataset(x, Tensor.arange(5)) } }
    #expect(throws: Misuse.self) { try recovering { _ = TensorDataset(x, Tensor(1)) } }
    #expect(throws: Misuse.self) { try recovering { _ = TensorDataset([]) } }
  }

  @Test func subsetsNest() throws {
    let part = TensorDataset(x, y).subset([5, 3, 1]).subset(1..<3)
    #expect(part.count == 2)
    #expect(try part[0].1.item() == 30)
    let stacked = try #require(try part.stacked(at: [1, 0]))
    #expect(same(stacked.1, Tensor([10, 30])))
  }

  @Test func concatenationCountsThrough() throws {
    let all = ConcatDataset([TensorDataset(x, y), TensorDataset(x + 100, y + 100)])
    #expect(all.count == 12)
    #expect(try all[5].1.item() == 50 && all[6].1.item() == 100 && all[11].1.item() == 150)
    #expect(try all.stacked(at: [5, 6]) == nil)
    let part = try #require(try all.stacked(at: [8, 6]))
    #expect(same(part.1, Tensor([120, 100])))
    let targets = DataLoader(all, batchSize: 5).map { $0.1.array(as: Int.self) }
    #expect(targets.joined().elementsEqual([0, 10, 20, 30, 40, 50, 100, 110, 120, 130, 140, 150]))
    #expect(throws: Misuse.self) { try recovering { _ = try all[12] } }

    let mixed = ConcatDataset<Int>(mixed: [0..<2, ArrayDataset([7, 8]), (0..<1).subset([0])])
    #expect(try (0..<mixed.count).map { try mixed[$0] } == [0, 1, 7, 8, 0])
  }

  @Test func transformsApplyToEachExample() throws {
    let data = TensorDataset(x, y).transformed { x, y in (x.to(.float32) / 2, Int(y.item())) }
    #expect(try data[3].1 == 30)
    let batches = Array(DataLoader(data, batchSize: 4))
    #expect(same(batches[1].0, Tensor([[4.0, 4.5], [5, 5.5]])))
    #expect(same(batches[1].1, Tensor([40, 50])))
  }

  @Test func rangesCountTheirExamplesFromZero() throws {
    #expect(try (10..<20).subset([1, 3])[1] == 13)
    #expect(try ConcatDataset<Int>(mixed: [0..<3, 10..<12])[3] == 10)
    #expect(try (5..<8).transformed { $0 * $0 }[2] == 49)
    let batches = Array(DataLoader(10..<14, batchSize: 2, collate: { $0 }))
    #expect(batches == [[10, 11], [12, 13]])
  }

  @Test func splitsMustAddUp() {
    #expect(throws: Misuse.self) { try recovering { _ = (0..<10).randomSplit([3, 6]) } }
    #expect(throws: Misuse.self) { try recovering { _ = (0..<10).randomSplit([0.5, 0.6]) } }
    #expect(throws: Misuse.self) { try recovering { _ = (0..<10).randomSplit([1.5, -0.5]) } }
  }
}

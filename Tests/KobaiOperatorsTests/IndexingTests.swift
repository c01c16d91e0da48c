import Kobai
import KobaiTestSupport
import Testing

@Suite struct IndexingTests {
  private func same(_ got: Tensor, _ expected: Tensor) -> Bool { difference(got, expected) == nil }
  private func message(_ body: () -> Tensor) -> String { misuseMessage(body) ?? "" }
  let x = Tensor([[1.0, 2, 3], [4, 5, 6]])

  @Test func gathers() {
    #expect(
      same(x.gather(dim: 1, index: Tensor([[2, 0], [1, 1]])), Tensor([[3.0, 1], [5, 5]])))
    // An index shorter than the tensor in the other dimensions.
    #expect(same(x.gather(dim: 1, index: Tensor([[2]])), Tensor([[3.0]])))
    #expect(same(x.gather(dim: 0, index: Tensor([[1, 0]])), Tensor([[4.0, 2]])))
    #expect(x.gather(dim: 1, index: Tensor.zeros([0, 3], dtype: .int64)).shape == [0, 3])
    #expect(
      message { x.gather(dim: 1, index: Tensor([[23]])) }.contains(
        "index 23 is out of bounds for dimension 1 with size 3"))
    #expect(
      message { x.gather(dim: 1, index: Tensor([[-1]])) }.contains("index -1 is out of bounds"))
    #expect(
      message { x.gather(dim: 0, index: Tensor([[0, 0, 0, 0]])) }.contains(
        "Size does not match at dimension 1 expected index [1, 4] to be no larger than self [2, 3]")
    )
    #expect(message { x.gather(dim: 0, index: Tensor([0])) }.contains("same number of dimensions"))
    #expect(message { x.gather(dim: 0, index: Tensor([[0.0]])) }.contains("dtype int32/int64"))
  }

  @Test func takesAlongADimension() {
    #expect(same(x.takeAlongDim(Tensor([[-1]]), dim: 1), Tensor([[3.0], [6]])))
    #expect(same(x.takeAlongDim(Tensor([5, 0])), Tensor([6.0, 1])))
    #expect(same(x.take(Tensor([[-1, 0]])), Tensor([[6.0, 1]])))
  }

  @Test func scatters() {
    let z = Tensor.zeros([2, 3])
    let i = Tensor([[2, 0]])
    #expect(same(z.scatter(dim: 1, index: i, src: x), Tensor([[2.0, 0, 1], [0, 0, 0]])))
    #expect(same(z.scatter(dim: 1, index: i, value: 7), Tensor([[7.0, 0, 7], [0, 0, 0]])))
    let twice = Tensor([[1, 1]])
    #expect(same(x.scatterAdd(dim: 1, index: twice, src: x), Tensor([[1.0, 5, 3], [4, 5, 6]])))
    #expect(
      same(
        x.scatter(dim: 1, index: twice, src: x, reduce: .multiply),
        Tensor([[1.0, 4, 3], [4, 5, 6]])))
    #expect(
      same(
        x.scatterReduce(dim: 1, index: twice, src: x, reduce: .mean, includeSelf: false),
        Tensor([[1.0, 1.5, 3], [4, 5, 6]])))
    #expect(
      message { x.scatter(dim: 0, index: Tensor([[34]]), src: x) }.contains(
        "index 34 is out of bounds for dimension 0 with size 2"))
    #expect(
      message { x.scatter(dim: 0, index: Tensor([[0]]), src: x.double()) }.contains(
        "Expected self.dtype to be equal to src.dtype"))
  }

  @Test func updatesAlongADimension() {
    let i = Tensor([1, 1])
    #expect(same(x.indexSelect(dim: 0, index: i), Tensor([[4.0, 5, 6], [4, 5, 6]])))
    #expect(
      same(
        x.indexAdd(dim: 0, index: i, source: x, alpha: 2), Tensor([[1.0, 2, 3], [14, 19, 24]])))
    #expect(
      same(
        x.indexCopy(dim: 1, index: Tensor([2]), source: Tensor([[9.0], [8]])),
        Tensor([[1.0, 2, 9], [4, 5, 8]])))
    #expect(
      same(
        x.indexFill(dim: 1, index: Tensor([-1, 0]), value: 0), Tensor([[0.0, 2, 0], [0, 5, 0]])))
    #expect(
      message { x.indexSelect(dim: 0, index: Tensor([-1])) }.contains("index out of range in self"))
    #expect(
      message { x.indexAdd(dim: 0, index: i, source: Tensor([1.0, 2.0])) }.contains(
        "source tensor shape must match self tensor shape, excluding the specified dimension. "
          + "Got self.shape = [2, 3] source.shape = [2]"))
  }

  /// An index that names a place twice fills it once.
  @Test func fillingTwiceCountsOnce() {
    let value = Tensor(3.0, requiresGrad: true)
    x.indexFill(dim: 1, index: Tensor([0, 0]), value: value).sum().backward()
    #expect(value.grad.map { same($0, Tensor(2.0)) } == true)
  }

  @Test func putsByTensors() {
    let z = Tensor.zeros([3])
    let i: [Tensor?] = [Tensor([2, 2, -3])]
    #expect(same(z.indexPut(i, Tensor([1.0, 2, 3]), accumulate: true), Tensor([3.0, 0, 3])))
    #expect(same(x.indexPut([nil, Tensor([0])], Tensor(0.0)), Tensor([[0.0, 2, 3], [0, 5, 6]])))
    #expect(same(x.indexPut([x > 4], Tensor([0.0])), Tensor([[1.0, 2, 3], [4, 0, 0]])))
    #expect(
      message { x.indexPut([Tensor([1])], Tensor(1)) }.contains(
        "Index put requires the source and destination dtypes match"))
  }

  @Test func masks() {
    let m = Tensor([true, false, true])
    #expect(same(x.maskedFill(m, 0), Tensor([[0.0, 2, 0], [0, 5, 0]])))
    #expect(same(x.maskedSelect(m), Tensor([1.0, 3, 4, 6])))
    #expect(
      same(x.maskedScatter(m, Tensor([7.0, 8, 9, 10])), Tensor([[7.0, 2, 8], [9, 5, 10]])))
    #expect(message { x.maskedScatter(m, Tensor([7.0])) }.contains("Number of elements of source"))
    #expect(message { x.maskedFill(m.int(), 0) }.contains("only supports boolean masks"))
    #expect(
      message { x.maskedFill(m, Tensor([0.0])) }.contains(
        "only supports a 0-dimensional value tensor, but got tensor with 1 dimension"))
    #expect(
      message { Tensor([1, 2]).byte().maskedFill(Tensor(true), 300) }.contains("without overflow"))
    #expect(same(Tensor([1, 2]).maskedFill(Tensor(true), 1.5), Tensor([1, 1])))
  }

  @Test func coordinates() {
    let y = Tensor([[0, 5], [7, 0]])
    #expect(same(y.nonzero(), Tensor([[0, 1], [1, 0]])))
    #expect(Tensor(3).nonzero().shape == [1, 0])
    #expect(Tensor.where(y > 0).count == 2)
    #expect(same(Tensor.where(y > 0)[1], Tensor([1, 0])))
  }

  @Test func oneHotClasses() {
    #expect(same(Tensor([0, 2]).oneHot(), Tensor([[1, 0, 0], [0, 0, 1]])))
    #expect(Tensor([0, 2]).oneHot(numClasses: 5).shape == [2, 5])
    #expect(message { Tensor([-1]).oneHot() }.contains("Class values must be non-negative."))
    #expect(
      message { Tensor([3]).oneHot(numClasses: 3) }.contains(
        "Class values must be smaller than num_classes."))
    let batched = vmap({ [$0[0].oneHot(numClasses: 2)] })([Tensor([0, 1])])[0]
    #expect(same(batched, Tensor([[1, 0], [0, 1]])))
  }

  @Test func embeddingsLeaveThePaddingAlone() {
    let weight = Tensor([[1.0, 2], [3, 4], [5, 6]], requiresGrad: true)
    let i = Tensor([[0, 1], [1, 2]])
    let y = i.embedding(weight, paddingIdx: 1)
    #expect(same(y[0, 1].detach(), Tensor([3.0, 4])))
    y.sum().backward()
    #expect(weight.grad.map { same($0, Tensor([[1.0, 1], [0, 0], [1, 1]])) } == true)

    weight.zeroGrad()
    Tensor([0, 0, 2]).embedding(weight, scaleGradByFreq: true).sum().backward()
    #expect(weight.grad.map { same($0, Tensor([[1.0, 1], [0, 0], [1, 1]])) } == true)
    #expect(message { Tensor([3]).embedding(weight) }.contains("index out of range in self"))
  }

  @Test func embeddingsKeepANorm() {
    let weight = Tensor([[3.0, 4], [30, 40]], requiresGrad: true)
    let y = Tensor([1]).embedding(weight, maxNorm: 5)
    #expect(
      difference(y.detach(), Tensor([[3.0, 4]]), .roundings(.float32, 64)) == nil)
    // The weight itself was scaled, where it was used.
    #expect(
      difference(
        weight.detach(), Tensor([[3.0, 4], [3, 4]]), .roundings(.float32, 64))
        == nil)
  }

  @Test func batchedIndices() {
    let (rows, i) = (Tensor([[1.0, 2, 3], [4, 5, 6]]), Tensor([[2, 0], [1, 1]]))
    let expected = rows.gather(dim: 1, index: i)
    #expect(same(vmap({ [$0[0].gather(dim: 0, index: $0[1])] })([rows, i])[0], expected))
    #expect(same(vmap({ [$0[0].indexSelect(dim: 0, index: $0[1])] })([rows, i])[0], expected))
    #expect(same(vmap({ [$0[0].take($0[1])] })([rows, i])[0], expected))
    let added = vmap({ [$0[0].indexAdd(dim: 0, index: $0[1], source: $0[2])] })([rows, i, expected])
    #expect(same(added[0], rows.scatterAdd(dim: 1, index: i, src: expected)))
    let table = Tensor([[1.0, 2], [3, 4], [5, 6]])
    #expect(same(vmap({ [$0[0].embedding(table)] })([i])[0], i.embedding(table)))
    let own = vmap({ [$0[1].embedding($0[0])] })([stack([table, table * 10]), i])[0]
    #expect(same(own[1], i[1].embedding(table * 10)))
  }
}

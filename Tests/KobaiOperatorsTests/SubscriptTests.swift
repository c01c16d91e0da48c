import Kobai
import KobaiTestSupport
import Testing

@Suite struct SubscriptTests {
  let x = Tensor(Array(0..<60), shape: [3, 4, 5])

  private func same(_ got: Tensor, _ expected: Tensor) -> Bool { difference(got, expected) == nil }

  // MARK: Reading

  @Test func integersDropTheirDimension() {
    #expect(same(x[1, 2, 3], Tensor(33)))
    #expect(same(x[-1, -1, -1], Tensor(59)))
    #expect(same(x[1][2][3], Tensor(33)))
    #expect(x[0].shape == [4, 5])
  }

  @Test func rangesAreClipped() {
    #expect(same(x[0, 0, 1..<3], Tensor([1, 2])))
    #expect(same(x[0, 0, 3...], Tensor([3, 4])))
    #expect(same(x[0, 0, ..<2], Tensor([0, 1])))
    #expect(same(x[0, 0, ...1], Tensor([0, 1])))
    #expect(same(x[0, 0, 1...2], Tensor([1, 2])))
    #expect(same(x[0, 0, 3..<100], Tensor([3, 4])))
    #expect(x[5..<9].shape == [0, 4, 5])
  }

  @Test func negativeEndsCountFromTheEnd() {
    #expect(same(x[0, 0, (-2)...], Tensor([3, 4])))
    #expect(same(x[0, 0, ..<(-3)], Tensor([0, 1])))
    #expect(same(x[0, 0, ...(-4)], Tensor([0, 1])))
    #expect(same(x[0, 0, ...(-1)], Tensor([0, 1, 2, 3, 4])))
    #expect(same(x[0, 0, .range(from: -4, to: -1, step: 2)], Tensor([1, 3])))
    #expect(same(x[0, 0, .range(step: 3)], Tensor([0, 3])))
  }

  @Test func axesAndEllipsis() {
    #expect(x[.newAxis, .ellipsis, 0].shape == [1, 3, 4])
    #expect(x[0..., ..<8, .newAxis, -1].shape == [3, 4, 1])
    #expect(x[..., 0].shape == [3, 4])
    #expect(x[...].shape == [3, 4, 5])
    #expect(x[.all, 1].shape == [3, 5])
  }

  /// PyTorch's rule for where the dimensions of index tensors go.
  @Test func indexTensorsStandTogetherOrInFront() {
    let i = Tensor([0, 2])
    #expect(x[i].shape == [2, 4, 5])
    #expect(x[0..., i, i].shape == [3, 2])
    #expect(x[i, 0..., i].shape == [2, 4])
    #expect(x[i, 0..., 2].shape == [2, 4])
    #expect(x[0..., [[0, 1], [2, 3]]].shape == [3, 2, 2, 5])
    #expect(x[i, .newAxis, i].shape == [2, 1, 5])
    #expect(same(x[[0, 2], [-1, 0], [1, 1]], Tensor([16, 41])))
    #expect(same(x[Tensor([2, 0], dtype: .int32), 0, 0], Tensor([40, 0])))
  }

  @Test func indicesBroadcast() {
    let y = x[[[0], [2]], [1, 3], 4]
    #expect(same(y, Tensor([[9, 19], [49, 59]])))
  }

  @Test func masksPickByTruth() {
    #expect(same(x[x > 57], Tensor([58, 59])))
    #expect(x[[true, false, true]].shape == [2, 4, 5])
    #expect(x[0..., [true, false, true, false], [0, 1]].shape == [3, 2])
    #expect(x[Tensor([1, 0, 1], dtype: .uint8)].shape == [2, 4, 5])
    #expect(x[true].shape == [1, 3, 4, 5])
    #expect(x[false].shape == [0, 3, 4, 5])
    #expect(x[0..., true].shape == [3, 1, 4, 5])
    let mask = Tensor([
      [true, false, false, true], [false, true, false, false], [false, false, false, false],
    ])
    #expect(x[mask].shape == [3, 5])
    #expect(x[mask, 0].shape == [3])
  }

  @Test func zeroDimensionalIndicesAreIntegers() {
    #expect(same(x[Tensor(1), 0, Tensor(-1)], Tensor(24)))
    #expect(x[Tensor(1), .newAxis, Tensor([0, 2])].shape == [1, 2, 5])
  }

  @Test func refusals() {
    let two = Tensor([1.0, 2.0])
    func message(_ body: () -> Tensor) -> String { misuseMessage(body) ?? "" }
    #expect(message { two[2] }.contains("index 2 is out of bounds for dimension 0 with size 2"))
    #expect(
      message { two[Tensor([5])] }.contains("index 5 is out of bounds for dimension 0 with size 2"))
    #expect(message { two[0, 0] }.contains("too many indices for tensor of dimension 1"))
    #expect(message { Tensor(1.0)[0] }.contains("invalid index of a 0-dim tensor"))
    #expect(message { two[.range(step: -1)] }.contains("step must be greater than zero"))
    #expect(
      message { two[[true, false, true]] }.contains(
        "The shape of the mask [3] at index 0 does not match the shape of the indexed tensor [2]"))
    #expect(message { two[[0.5]] }.contains("must be long, int, byte or bool tensors"))
    #expect(message { x[[0, 1], [0, 1, 2]] }.contains("could not be broadcast together"))
  }

  // MARK: Assignment

  @Test func assignsPartsAndBroadcasts() {
    var y = Tensor.zeros([2, 3])
    y[0] = 5
    y[1, 1...] = Tensor([7, 8])
    #expect(same(y, Tensor([[5.0, 5, 5], [0, 7, 8]])))
    y[0..., 0] = Tensor([1.5, 2.5], dtype: .float64)
    #expect(same(y, Tensor([[1.5, 5, 5], [2.5, 7, 8]])))
    y[...] = 1
    #expect(same(y, Tensor.ones([2, 3])))
    y[.range(step: 2), .range(from: 1, step: 1)] = Tensor([[[3.0, 4.0]]])
    #expect(same(y, Tensor([[1.0, 3, 4], [1, 1, 1]])))
    var number = Tensor(1.0)
    number[...] = 4
    #expect(same(number, Tensor(4.0)))
  }

  @Test func assignsByTensors() {
    var y = Tensor.zeros([2, 3])
    y[[0, 1], [2, 0]] = Tensor([1.0, 2.0])
    #expect(same(y, Tensor([[0.0, 0, 1], [2, 0, 0]])))
    y[y > 0] = -1
    #expect(same(y, Tensor([[0.0, 0, -1], [-1, 0, 0]])))
    y[y < 0] = Tensor([8.0, 9.0])
    #expect(same(y, Tensor([[0.0, 0, 8], [9, 0, 0]])))
    y[1, [1, 2]] = 3
    #expect(same(y, Tensor([[0.0, 0, 8], [9, 3, 3]])))
    y[0...0, [true, false, true]] = y[0...0, [true, false, true]] + 1
    #expect(same(y, Tensor([[1.0, 0, 9], [9, 3, 3]])))
  }

  @Test func noOtherNameSeesAWrite() {
    var a = Tensor([1.0, 2.0, 3.0])
    let copy = a
    let view = a[1...]
    a[1] = 10
    #expect(same(a, Tensor([1.0, 10, 3])))
    #expect(same(copy, Tensor([1.0, 2, 3])))
    #expect(same(view, Tensor([2.0, 3])))

    var part = copy[1...]
    part[0] = 20
    #expect(same(part, Tensor([20.0, 3])))
    #expect(same(copy, Tensor([1.0, 2, 3])))

    var wide = Tensor([1.0]).expand(3)
    wide[0] = 5
    #expect(same(wide, Tensor([5.0, 1, 1])))

    func changed(_ x: Tensor) -> Tensor {
      var x = x
      x[0] = 0
      return x
    }
    #expect(same(changed(copy), Tensor([0.0, 2, 3])))
    #expect(same(copy, Tensor([1.0, 2, 3])))

    var own = Tensor([1.0, 2.0, 3.0])
    own[1...] = own[..<2]
    #expect(same(own, Tensor([1.0, 1, 2])))
  }

  @Test func whatADerivativeKeptStays() {
    let w = Tensor([2.0, 3.0], requiresGrad: true)
    var a = Tensor([5.0, 7.0])
    let loss = (w * a).sum()
    a[0] = 100
    loss.backward()
    #expect(w.grad.map { same($0, Tensor([5.0, 7.0])) } == true)
  }

  @Test func gradientsFlowThroughBoth() {
    let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    let v = Tensor(10.0, requiresGrad: true)
    var y = x * x
    y[1] = v * v
    y.sum().backward()
    #expect(x.grad.map { same($0, Tensor([2.0, 0, 6])) } == true)
    #expect(v.grad.map { same($0, Tensor(20.0)) } == true)

    var z = Tensor.zeros([3])
    z[[0, 2]] = v
    #expect(z.requiresGrad)
    v.zeroGrad()
    z.sum().backward()
    #expect(v.grad.map { same($0, Tensor(2.0)) } == true)
  }

  @Test func aLeafIsNotWrittenTo() {
    var leaf = Tensor([1.0, 2.0], requiresGrad: true)
    let message = misuseMessage { leaf[0] = 5 }
    #expect(
      message?.contains(
        "a leaf Variable that requires grad is being used in an in-place operation.")
        == true)
    #expect(same(leaf.detach(), Tensor([1.0, 2.0])))
    let name = leaf
    noGrad { leaf[0] = 5 }
    #expect(same(name.detach(), Tensor([5.0, 2.0])))
    #expect(leaf.requiresGrad && leaf.isLeaf)
  }

  @Test func aWriteOfTheOnlyOwnerDoesNotCopy() {
    // 4 MB: a copy per write would take seconds.
    var big = Tensor.zeros([1000, 1000])
    let row = Tensor.ones([1000])
    let before = big.value.body.map { ObjectIdentifier($0) }
    for i in 0..<100 { big[i] = row }
    big[[1, 2], [3, 4]] = 7
    #expect(big.value.body.map { ObjectIdentifier($0) } == before)
    #expect(big.sum().item() == 100_012)
  }

  @Test func refusedValues() {
    func message(_ body: () -> Void) -> String { misuseMessage(body) ?? "" }
    var y = Tensor.zeros([2, 3])
    #expect(message { y[0] = Tensor([1.0, 2.0]) }.contains("cannot be broadcast"))
    y = Tensor.zeros([2, 3])
    #expect(message { y[[0]] = Tensor.ones([2, 3]) }.contains("shape mismatch: value tensor"))
  }

  // MARK: Transforms

  @Test func indicesMayBeBatched() {
    let table = Tensor([[1.0, 2], [3, 4], [5, 6]])
    let rows = vmap({ [table[$0[0]]] })([Tensor([2, 0])])[0]
    #expect(same(rows, Tensor([[5.0, 6], [1, 2]])))
    let lists = Tensor([[0, 2], [1, 1]])
    #expect(same(vmap({ [table[$0[0]]] })([lists])[0], table[lists]))
    let each = vmap({ [$0[0][$0[1]]] })([Tensor([[1, 2, 3], [4, 5, 6]]), lists])[0]
    #expect(same(each, Tensor([[1, 3], [5, 5]])))
    let written = vmap { inputs in
      var y = inputs[0]
      y[inputs[1]] = 0
      return [y]
    }([Tensor([[1, 2, 3], [4, 5, 6]]), lists])[0]
    #expect(same(written, Tensor([[0, 2, 0], [4, 0, 6]])))
  }

  /// A failed assignment leaves nothing that could be taken for a result.
  @Test func aFailedAssignmentPoisons() {
    var x = Tensor([1.0, 2.0, 3.0])
    let message = misuseMessage { x[Tensor([0, 7])] = Tensor([5.0, 6.0]) }
    #expect(message?.contains("7") == true)
    #expect(x.isPoisoned)
  }
}

import Kobai
import KobaiTestSupport
import Testing

@Suite struct MovementTests {
  let x = Tensor([[0, 1, 2], [3, 4, 5]])

  private func same(_ got: Tensor, _ expected: Tensor) -> Bool { difference(got, expected) == nil }
  private func message(_ body: () -> Tensor) -> String { misuseMessage(body) ?? "" }
  private func messages(_ body: () -> [Tensor]) -> String { misuseMessage(body) ?? "" }

  @Test func viewsRefuseWhatNeedsACopy() {
    #expect(x.t().reshape(6).shape == [6])
    #expect(message { x.t().view(6) }.contains("view size is not compatible with input tensor's"))
    #expect(x.t().view(3, 2, 1).shape == [3, 2, 1])
  }

  @Test func reshapeMessages() {
    #expect(message { x.reshape([4, 2]) }.contains("shape [4, 2] is invalid for input of size 6"))
    #expect(message { x.reshape([-1, -1]) }.contains("only one dimension can be inferred"))
    #expect(
      message { Tensor.zeros([0, 5]).reshape([0, -1]) }.contains(
        "cannot reshape tensor of 0 elements into shape [0, -1] because the unspecified dimension "
          + "size -1 can be any value and is ambiguous"))
  }

  @Test func flattenAndBack() {
    let y = Tensor.zeros([2, 3, 4])
    #expect(y.flatten(startDim: 1).shape == [2, 12])
    #expect(y.flatten(endDim: 1).shape == [6, 4])
    #expect(Tensor(1.0).flatten().shape == [1])
    #expect(y.flatten().unflatten(dim: 0, sizes: [2, -1, 4]).shape == [2, 3, 4])
    #expect(message { y.flatten(startDim: 2, endDim: 0) }.contains("start_dim cannot come after"))
    #expect(message { y.unflatten(dim: 1, sizes: [2, 2]) }.contains("don't multiply up to"))
  }

  @Test func squeezing() {
    let y = Tensor.zeros([1, 3, 1])
    #expect(y.squeeze().shape == [3])
    #expect(y.squeeze(1).shape == [1, 3, 1])
    #expect(y.squeeze(dims: [0, -1]).shape == [3])
    #expect(y.unsqueeze(-1).shape == [1, 3, 1, 1])
    #expect(message { y.unsqueeze(5) }.contains("range of [-4, 3], but got 5"))
  }

  @Test func dimensionsMove() {
    let y = Tensor.zeros([2, 3, 4])
    #expect(y.movedim(0, -1).shape == [3, 4, 2])
    #expect(y.movedim([2, 0], [0, 1]).shape == [4, 2, 3])
    #expect(y.T.shape == [4, 3, 2])
    #expect(y.mT.shape == [2, 4, 3])
    #expect(y.swapaxes(0, 2).shape == [4, 3, 2])
    #expect(message { y.movedim([0, 0], [1, 2]) }.contains("repeated dim in `source` ([0, 0])"))
  }

  @Test func catPromotesAndTakesLegacyEmpties() {
    let y = cat([Tensor([1, 2]), Tensor([0.5])])
    #expect(same(y, Tensor([1.0, 2.0, 0.5])))
    #expect(cat([Tensor.zeros([0]), x], dim: 1).shape == [2, 3])
    #expect(cat([Tensor.zeros([0], dtype: .float64), x]).dtype == .float64)
    #expect(cat([Tensor.zeros([0]), Tensor.zeros([0])]).shape == [0])
    #expect(same(cat([x.t(), x.t()], dim: -1)[0], Tensor([0, 3, 0, 3])))
    #expect(message { cat([]) }.contains("non-empty list of Tensors"))
    #expect(message { cat([Tensor(1.0)]) }.contains("zero-dimensional tensor (at position 0)"))
    #expect(
      message { cat([x, Tensor.zeros([2, 4])]) }.contains(
        "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for "
          + "tensor number 1 in the list."))
    #expect(
      message { cat([x, Tensor.zeros([2])]) }.contains("must have same number of dimensions"))
  }

  @Test func stacks() {
    let (a, b) = (Tensor([1, 2]), Tensor([3, 4]))
    #expect(same(stack([a, b]), Tensor([[1, 2], [3, 4]])))
    #expect(same(stack([a, b], dim: -1), Tensor([[1, 3], [2, 4]])))
    #expect(same(stack([Tensor(1), Tensor(2)]), Tensor([1, 2])))
    #expect(same(Tensor.hstack([a, b]), Tensor([1, 2, 3, 4])))
    #expect(same(Tensor.columnStack([a, b]), Tensor([[1, 3], [2, 4]])))
    #expect(Tensor.dstack([a, b]).shape == [1, 2, 2])
    #expect(message { stack([a, Tensor([1])]) }.contains("equal size, but got [2] at entry 0"))
  }

  @Test func partsOfATensor() {
    let y = Tensor([0, 1, 2, 3, 4])
    #expect(y.split(2).map(\.shape) == [[2], [2], [1]])
    #expect(y.split([1, 4]).map(\.shape) == [[1], [4]])
    #expect(y.chunk(4).map(\.shape) == [[2], [2], [1]])
    #expect(y.tensorSplit(4).map(\.shape) == [[2], [1], [1], [1]])
    #expect(y.tensorSplit([1, 9, 2]).map(\.shape) == [[1], [4], [0], [3]])
    #expect(Tensor.zeros([0, 3]).chunk(3).map(\.shape) == [[0, 3], [0, 3], [0, 3]])
    #expect(Tensor.zeros([0, 3]).split(0).map(\.shape) == [[0, 3]])
    #expect(x.unbind(dim: 1).count == 3)
    #expect(same(x.unbind(dim: 1)[2], Tensor([2, 5])))
    #expect(messages { y.split(0) }.contains("split_size can only be 0 if dimension size is 0"))
    #expect(messages { y.split([2, 2]) }.contains("split_sizes to sum exactly to 5"))
    #expect(messages { y.chunk(0) }.contains("`chunks` to be greater than 0, got: 0"))
  }

  @Test func repeats() {
    #expect(same(Tensor([1, 2]).repeat(2, 2), Tensor([[1, 2, 1, 2], [1, 2, 1, 2]])))
    #expect(same(Tensor([[1], [2]]).tile(2), Tensor([[1, 1], [2, 2]])))
    #expect(same(Tensor([1, 2]).repeatInterleave(2), Tensor([1, 1, 2, 2])))
    #expect(same(Tensor([1, 2]).repeatInterleave(Tensor([3, 1])), Tensor([1, 1, 1, 2])))
    #expect(x.repeated(0, 2).shape == [0, 6])
  }

  @Test func mirrorsAndTurns() {
    #expect(same(x.flip(1), Tensor([[2, 1, 0], [5, 4, 3]])))
    #expect(same(x.t().flip(0, 1), Tensor([[5, 2], [4, 1], [3, 0]])))
    #expect(same(x.roll(1), Tensor([[5, 0, 1], [2, 3, 4]])))
    #expect(same(x.roll([1, -1], dims: [0, 1]), Tensor([[4, 5, 3], [1, 2, 0]])))
    #expect(same(x.rot90(), Tensor([[2, 5], [1, 4], [0, 3]])))
    #expect(same(x.rot90(-1), Tensor([[3, 0], [4, 1], [5, 2]])))
  }

  @Test func diagonalsAndTriangles() {
    #expect(same(x.diagonal(offset: 1), Tensor([1, 5])))
    #expect(same(x.diag(-1), Tensor([3])))
    #expect(x.diagonal(offset: 7).shape == [0])
    #expect(same(Tensor([1, 2]).diag(), Tensor([[1, 0], [0, 2]])))
    #expect(same(Tensor([1]).diag(-1), Tensor([[0, 0], [1, 0]])))
    #expect(same(x.tril(), Tensor([[0, 0, 0], [3, 4, 0]])))
    #expect(same(x.triu(diagonal: 1), Tensor([[0, 1, 2], [0, 0, 5]])))
    #expect(same(Tensor.trilIndices(3, 4, offset: -1), Tensor([[1, 2, 2], [0, 0, 1]])))
    #expect(same(Tensor.triuIndices(2, 3, offset: 1), Tensor([[0, 0, 1], [1, 2, 2]])))
  }

  @Test func pads() {
    let y = Tensor([[[0, 1, 2]]])
    #expect(same(y.pad([1, 2]), Tensor([[[0, 0, 1, 2, 0, 0]]])))
    #expect(same(y.pad([-1, 1], value: 9), Tensor([[[1, 2, 9]]])))
    #expect(same(y.pad([2, 1], mode: .reflect), Tensor([[[2, 1, 0, 1, 2, 1]]])))
    #expect(same(y.pad([2, 1], mode: .replicate), Tensor([[[0, 0, 0, 1, 2, 2]]])))
    #expect(same(y.pad([2, 1], mode: .circular), Tensor([[[1, 2, 0, 1, 2, 0]]])))
    #expect(same(y.pad([-1, 1], mode: .circular), Tensor([[[1, 2, 1]]])))
    #expect(
      message { y.pad([3, 0], mode: .reflect) }.contains(
        "Padding size should be less than the corresponding input dimension"))
    #expect(message { y.pad([4, 0], mode: .circular) }.contains("wrapping around more than once"))
    #expect(message { y.pad([1]) }.contains("Padding length must be divisible by 2"))
  }

  /// Borders of planes, and of rows of which cropping leaves none.
  @Test func padsPlanes() {
    let x = Tensor.arange(8).reshape([1, 2, 2, 2])
    #expect(
      same(
        x.pad([1, 0, 0, 1], value: 9),
        Tensor([[[[9, 0, 1], [9, 2, 3], [9, 9, 9]], [[9, 4, 5], [9, 6, 7], [9, 9, 9]]]])))
    let bytes = Tensor([[1, 2], [3, 4]]).to(.uint8)
    #expect(same(bytes.pad([0, 1], value: 7), Tensor([[1, 2, 7], [3, 4, 7]]).to(.uint8)))
    let leaf = Tensor.ones([1, 1, 2, 3], requiresGrad: true)
    let nothing = leaf.pad([1, 1, -1, -1], mode: .replicate)
    #expect(nothing.shape == [1, 1, 0, 5])
    nothing.sum().backward()
    #expect(same(leaf.grad ?? .zeros([0]), Tensor.zeros([1, 1, 2, 3])))
  }

  @Test func copiesAreIndependentAndTracked() {
    let leaf = Tensor([1.0, 2.0], requiresGrad: true)
    var copy = leaf.clone()
    #expect(!copy.isLeaf)
    copy[0] = 9
    #expect(same(leaf.detach(), Tensor([1.0, 2.0])))
    copy.sum().backward()
    #expect(leaf.grad.map { same($0, Tensor([0.0, 1.0])) } == true)
    #expect(x.t().contiguous().isContiguous)
  }
}

import Kobai
import Testing

@Suite("in-place forms of movement and indexing")
struct InPlaceMovementTests {
  private func message(_ body: () -> Void) -> String? {
    do {
      try recovering { body() }
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func otherCopiesKeepTheirElements() {
    var x = Tensor([[1.0, 2], [3, 4]])
    let before = x
    x.tril_()
    x.maskedFill_(x.eq(3), 9)
    x.indexPut_([Tensor([0])], Tensor([[5.0, 6]]))
    #expect(x.array(as: Double.self) == [5, 6, 9, 4])
    #expect(before.array(as: Double.self) == [1, 2, 3, 4])
  }

  @Test func theResultIsRecorded() {
    let x = Tensor([[1.0, 2], [3, 4]], requiresGrad: true)
    var y = x * 2
    y.triu_()
    y.t_()
    y.unsqueeze_(0)
    y.squeeze_()
    y.scatter_(dim: 1, index: Tensor([[0], [0]]), value: 0)
    y.sum().backward()
    // Of the upper triangle, transposed, only what is behind the first column is left.
    #expect(x.grad?.array(as: Double.self) == [0, 0, 0, 2])
  }

  @Test func theDtypeStays() {
    var x = Tensor([1, 2, 3], dtype: .int32)
    x.cumsum_(dim: 0)
    #expect(x.dtype == .int32)
    #expect(x.array(as: Int.self) == [1, 3, 6])
    #expect(message { x.cumsum_(dim: 0, dtype: .int64) }?.contains("must match") == true)
    var flags = Tensor([true, false])
    #expect(message { flags.cumsum_(dim: 0) }?.contains("can't be cast") == true)
  }

  @Test func leavesAreRefused() {
    var w = Tensor([[1.0, 2], [3, 4]], requiresGrad: true)
    #expect(message { w.tril_() }?.contains("leaf Variable") == true)
    #expect(message { w.t_() }?.contains("keeps its shape") == true)
    noGrad { w.tril_() }
    #expect(w.array(as: Double.self) == [1, 0, 3, 4])
  }
}

import Kobai
import KobaiTestSupport
import Testing

/// What in-place operations write to, who sees it, and what they refuse.
@Suite struct ElementwiseInPlaceTests {
  /// Where the elements are.
  private func address(_ x: Tensor) -> UnsafeMutableRawPointer? { x.value.body?.pointer }

  @Test func writesToElementsThatNothingElseSees() {
    var x = Tensor.ones([100])
    let start = address(x)
    x += 1
    x *= Tensor.full([100], 3.0)
    x -= 0.5
    x /= 2
    x.exp_()
    x.sqrt_()
    x.neg_()
    x.abs_()
    x.pow_(2)
    x.fill_(4)
    x.copy_(Tensor.arange(100))
    x.zero_()
    x.add_(Tensor.ones([100]))
    #expect(address(x) == start)
    #expect(x.array(as: Double.self) == Array(repeating: 1, count: 100))
  }

  @Test func valuesAreThoseOfTheOrdinaryOperation() {
    let original = Tensor([0.5, 1.25, 3])
    var x = original * 1
    x += original
    #expect(difference(x, original + original) == nil)
    x.exp_()
    #expect(difference(x, (original + original).exp()) == nil)
    x *= x
    #expect(difference(x, (original + original).exp().square()) == nil)
  }

  @Test func copiesKeepTheOldElements() {
    var x = Tensor.ones([4])
    let copy = x
    x += 1
    #expect(copy.array(as: Double.self) == [1, 1, 1, 1])
    #expect(x.array(as: Double.self) == [2, 2, 2, 2])
  }

  @Test func viewsKeepTheOldElements() {
    var x = Tensor.ones([2, 3])
    let view = x.reshape([6])
    let row = x.broadcast(to: [2, 2, 3])
    x.mul_(5)
    x.zero_()
    #expect(view.array(as: Double.self) == Array(repeating: 1, count: 6))
    #expect(row.array(as: Double.self) == Array(repeating: 1, count: 12))

    var narrow = Tensor([1.0, 2, 3, 4]).reshape([2, 2])
    let base = narrow
    narrow.exp_()
    #expect(base.array(as: Double.self) == [1, 2, 3, 4])
  }

  @Test func keptValuesDoNotChange() {
    let w = Tensor([2.0, 3], requiresGrad: true)
    var x = Tensor([5.0, 7])
    let y = (w * x).sum()
    x += 100
    x.zero_()
    y.backward()
    #expect(w.grad?.array(as: Double.self) == [5, 7])
  }

  @Test func writesOfAnOperationBesideItself() {
    var x = Tensor([1.0, 2, 3])
    x += x
    x *= x
    #expect(x.array(as: Double.self) == [4, 16, 36])
  }

  @Test func recordedTensorsAreRebound() {
    let w = Tensor([1.0, 2], requiresGrad: true)
    var x = w * 3
    x *= x
    x += w
    x.exp_()
    x.log_()
    x.sum().backward()
    // d/dw (9 w² + w)
    #expect(difference(w.grad ?? 0, Tensor([19.0, 37]), .roundings(.float32)) == nil)
  }

  @Test func anUntrackedTensorBecomesTracked() {
    let w = Tensor([1.0, 2], requiresGrad: true)
    var x = Tensor([1.0, 1])
    x += w * 2
    #expect(x.requiresGrad)
    x.sum().backward()
    #expect(w.grad?.array(as: Double.self) == [2, 2])

    var filled = Tensor.zeros([3])
    let v = Tensor(2.0, requiresGrad: true)
    filled.fill_(v * 1)
    filled.sum().backward()
    #expect(v.grad?.item() == 3)
  }

  @Test func leavesThatRequireGradAreRefused() {
    var x = Tensor([1.0, 2], requiresGrad: true)
    for update in [
      { (x: inout Tensor) in x += 1 }, { x in x.zero_() }, { x in x.exp_() },
      { x in x.clamp_(min: 0) }, { x in x.copy_(Tensor([0.0, 0])) },
    ] as [(inout Tensor) -> Void] {
      let message = misuseMessage { update(&x) }
      #expect(
        message?.contains(
          "a leaf Variable that requires grad is being used in an in-place operation") == true)
    }
    #expect(x.array(as: Double.self) == [1, 2])
  }

  @Test func noGradReplacesTheStatesValue() {
    var x = Tensor([1.0, 2], requiresGrad: true)
    let sameState = x
    let y = (x * x).sum()
    noGrad {
      x -= 0.5
      x.mul_(2)
    }
    #expect(sameState.array(as: Double.self) == [1, 3])
    #expect(x.requiresGrad && x.isLeaf)
    y.backward()
    #expect(x.grad?.array(as: Double.self) == [2, 4])  // of the value at the time of the product
  }

  @Test func stepOfGradientDescent() {
    var w = Tensor([1.0, 2], requiresGrad: true)
    (w * w).sum().backward()
    noGrad { w -= 0.25 * w.grad }
    #expect(w.array(as: Double.self) == [0.5, 1])
    w.zeroGrad()
    let message = misuseMessage { noGrad { w -= 0.25 * w.grad } }
    #expect(message?.contains("gradient is nil") == true)
  }

  @Test func theShapeStays() {
    var x = Tensor.ones([3, 1])
    let message = misuseMessage { x += Tensor.ones([3, 4]) }
    #expect(
      message?.contains("output with shape [3, 1] doesn't match the broadcast shape [3, 4]") == true
    )
    #expect(x.shape == [3, 1])
    x += Tensor.ones([1])
    #expect(x.array(as: Double.self) == [2, 2, 2])
    #expect(misuseMessage { x.copy_(Tensor.ones([2, 3, 1])) } != nil)
  }

  @Test func theDtypeCategoryDoesNotRise() {
    var x = Tensor([1, 2])
    let message = misuseMessage { x += 1.5 }
    #expect(
      message?.contains("result type Float can't be cast to the desired output type Long") == true)
    #expect(misuseMessage { x /= 2 } != nil)
    #expect(misuseMessage { x.exp_() } != nil)
    #expect(x.array(as: Int.self) == [1, 2])

    var single = Tensor([1.0, 2])
    single += Tensor([0.5, 0.25], dtype: .float64)
    #expect(single.dtype == .float32)
    #expect(single.array(as: Float.self) == [1.5, 2.25])
    single += Tensor([1, 1])
    #expect(single.array(as: Float.self) == [2.5, 3.25])

    var mask = Tensor([3.0, 4])
    mask.gt_(3.5)
    #expect(mask.dtype == .float32 && mask.array(as: Float.self) == [0, 1])
  }

  @Test func fillAndCopyConvert() {
    var x = Tensor([1, 2])
    x.fill_(3.9)
    #expect(x.dtype == .int64 && x.array(as: Int.self) == [3, 3])
    x.copy_(Tensor([1.7, -1.7]))
    #expect(x.dtype == .int64 && x.array(as: Int.self) == [1, -1])
    x.copy_(5)
    #expect(x.array(as: Int.self) == [5, 5])
    #expect(misuseMessage { x.fill_(Tensor([1, 2])) }?.contains("0-dimension") == true)
  }

  @Test func numbersOfRankZero() {
    var x = Tensor(2.0)
    x += 1
    x *= 4
    x.sqrt_()
    #expect(x.rank == 0 && x.dtype == .float32)
    #expect(abs(x.item() - 12.0.squareRoot()) < 1e-6)
  }

  @Test func bits() {
    var x = Tensor([6, 5])
    x &= 3
    x |= 8
    x <<= 1
    x ^= 1
    x >>= 1
    #expect(x.array(as: Int.self) == [10, 9])
    x %= 4
    #expect(x.array(as: Int.self) == [2, 1])
  }

  @Test func aUsersOwnUpdate() {
    var x = Tensor([1.0, 4])
    x.update("half_") { $0 / 2 }
    #expect(x.array(as: Double.self) == [0.5, 2])
    let message = misuseMessage { x.update("grow_") { _ in Tensor.ones([3]) } }
    #expect(message?.hasPrefix("grow_: output with shape [2]") == true)
  }
}

import Kobai
import KobaiTestSupport
import Testing

@Suite(.ownGenerator) struct VmapTests {
  @Test func dotProductOfRows() {
    let dots = vmap({ [($0[0] * $0[1]).sum()] }, inAxes: [0, nil])
    let result = dots([Tensor([[1, 2], [3, 4]]), Tensor([1, 1])])
    #expect(difference(result[0], Tensor([3, 7])) == nil)
  }

  @Test func outAxis() {
    let x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    let result = vmap({ [$0[0] * 2] }, outAxis: 1)([x])
    #expect(difference(result[0], (x * 2).mT) == nil)
  }

  @Test func batchAxesMustAgree() {
    let message = misuseMessage { vmap { [$0[0] + $0[1]] }([Tensor.ones([2]), Tensor.ones([3])]) }
    #expect(message?.contains("disagree about the batch: 2 and 3") == true)
  }

  @Test func aTensorMustNotLeaveItsTransform() {
    let message = misuseMessage {
      var escaped = Tensor(0.0)
      _ = vmap {
        escaped = $0[0]
        return [$0[0]]
      }([Tensor([1.0, 2.0])])
      _ = escaped + 1
    }
    #expect(message?.contains("used after its closure has returned") == true)
  }

  @Test func structuresAndAxes() {
    let x = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    let w = Tensor([10.0, 1.0])
    let f = { (p: [String: Tensor], x: Tensor) in (x * p["w"]!).sum() }
    #expect(
      vmap(f, inAxes: [nil, 0])(["w": w], x).array(as: Double.self) == [12, 34, 56])
    #expect(vmap { (x: Tensor) in x * 2 }(x).shape == [3, 2])
    #expect(vmap({ (x: Tensor) in x * 2 }, inAxes: [1], outAxes: 1)(x).shape == [3, 2])
    #expect(vmap({ (x: Tensor) in x * 2 }, inAxes: [1])(x).shape == [2, 3])
    #expect(vmap({ (x: Tensor) in x * 2 }, inAxes: [-1], outAxes: -1)(x).shape == [3, 2])
  }

  @Test func severalResults() {
    let x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    let (sums, doubles) = vmap { (x: Tensor) in (x.sum(), x * 2) }(x)
    #expect(sums.array(as: Double.self) == [3, 7])
    #expect(doubles.array(as: Double.self) == [2, 4, 6, 8])
    let (shared, moved) = vmap(
      { (x: Tensor) in (Tensor(5.0), x) }, outAxes: [nil, 1])(x)
    #expect(shared.shape == [])
    #expect(moved.array(as: Double.self) == [1, 3, 2, 4])
    let message = misuseMessage { vmap({ (x: Tensor) in x }, outAxes: nil)(x) }
    #expect(message?.contains("differs between examples") == true)
  }

  @Test func sizeWithoutBatchedArguments() {
    let copies = vmap({ (x: Tensor) in x + 1 }, inAxes: [nil], axisSize: 3)(Tensor(1.0))
    #expect(copies.array(as: Double.self) == [2, 2, 2])
    let message = misuseMessage { vmap({ (x: Tensor) in x }, inAxes: [nil])(Tensor(1.0)) }
    #expect(message?.contains("axisSize") == true)
  }

  @Test func perExampleGradients() {
    let loss = { (w: Tensor, x: Tensor, y: Tensor) in (x.dot(w) - y) ** 2 }
    let w = Tensor([1.0, -1.0], dtype: .float64)
    let x = Tensor([[1.0, 2.0], [3.0, 5.0], [0.5, 4.0]], dtype: .float64)
    let y = Tensor([1.0, 2.0, 3.0], dtype: .float64)
    let all = vmap(grad(loss), inAxes: [nil, 0, 0])(w, x, y)
    for i in 0..<3 {
      #expect(difference(all[i], grad(loss)(w, x[i], y[i])) == nil)
    }
    let mean = grad { (w: Tensor) in vmap(loss, inAxes: [nil, 0, 0])(w, x, y).mean() }(w)
    #expect(
      difference(mean, all.mean(dim: 0), Tolerance(relative: 1e-14, absolute: 1e-14)) == nil)
  }

  @Test func randomNumbers() {
    let x = Tensor.zeros([4, 3])
    let generator = Generator(seed: 1)
    let draw = { (x: Tensor) in x + Tensor.rand([3], generator: generator) }
    #expect(misuseMessage { vmap(draw)(x) }?.contains("randomness") == true)
    let expected = Tensor.rand([4, 3], generator: generator)
    generator.manualSeed(1)
    #expect(vmap(draw, randomness: .different)(x).bytes == expected.bytes)
    let same = vmap(draw, randomness: .same)(x)
    #expect(same[0].bytes == same[3].bytes)
    let p = Tensor([0.0, 1.0])
    #expect(
      vmap({ (p: Tensor) in p.bernoulli() }, randomness: .different)(p).array(as: Double.self) == [
        0, 1,
      ])
    let shared = vmap(
      { (x: Tensor) in x + Tensor([0.5, 0.5, 0.5]).bernoulli() }, randomness: .different)(
        Tensor.zeros([64, 3]))
    #expect(Set((0..<64).map { shared[$0].bytes }).count > 1)
    let masked = vmap({ (x: Tensor) in x.dropout(p: 0.5) }, randomness: .different)(
      Tensor.ones([64, 3]))
    #expect(Set((0..<64).map { masked[$0].bytes }).count > 1)
  }

  @Test func gradientsPassThroughCapturedTensors() {
    let w = Tensor([1.0, 2.0], requiresGrad: true)
    let x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    vmap { (x: Tensor) in (x * w).sum() }(x).sum().backward()
    #expect(w.grad?.array(as: Double.self) == [4, 6])
  }

  @Test func axesThatDoNotExist() {
    let x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for axis in [Int.max, Int.min, 2, -3] {
      #expect(misuseMessage { vmap({ (x: Tensor) in x * 2 }, outAxes: axis)(x) } != nil)
      #expect(misuseMessage { vmap({ (x: Tensor) in x * 2 }, inAxes: [axis])(x) } != nil)
    }
    let failed = misuseMessage { vmap({ (x: Tensor) in x.reshape([7]) }, outAxes: 1)(x) }
    #expect(failed?.hasPrefix("reshape:") == true)
  }
}

import Kobai
import KobaiTestSupport
import Testing

/// x ↦ (x², x³), whose derivative reads an output: what an operation with several results goes through.
private struct Powers: Primitive {
  static let name = "powers"
  func infer(_ inputs: [TensorType]) -> [TensorType] { [inputs[0], inputs[0]] }
  func evaluate(_ inputs: [Value]) -> [Value] {
    let x = Tensor(inputs[0])
    return [(x * x).value, (x * x * x).value]
  }
  var residuals: Residuals { [.input(0), .output(0)] }
  func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
    let fromSquare = cotangents[0].map { 2 * kept.input(0) * $0 }
    let fromCube = cotangents[1].map { 3 * kept.output(0) * $0 }
    guard let fromSquare else { return [fromCube] }
    return [fromCube.map { fromSquare + $0 } ?? fromSquare]
  }
  func pushforward(_ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]) -> [Tensor?] {
    [tangents[0].map { 2 * inputs[0] * $0 }, tangents[0].map { 3 * outputs[0] * $0 }]
  }
  func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] { bind(self, inputs) }
}

@Suite struct SeveralOutputsTests {
  @Test func anyOutputsMayBeUsed() {
    for (a, b) in [(1.0, 0.0), (0.0, 1.0), (2.0, 5.0)] {
      let x = Tensor(3.0, requiresGrad: true)
      let powers = bind(Powers(), [x])
      let loss = b == 0 ? powers[0] * a : a == 0 ? powers[1] * b : powers[0] * a + powers[1] * b
      loss.backward()
      #expect(x.grad?.item() == a * 6 + b * 27)
    }
  }

  @Test func outputsUsedSeveralTimes() {
    let x = Tensor(3.0, requiresGrad: true)
    let powers = bind(Powers(), [x])
    (powers[0] * powers[1] + powers[0] + powers[1] * 2).backward()
    #expect(x.grad?.item() == 465)
  }

  @Test func gradientsWithRespectToAnOutput() {
    let x = Tensor(3.0, requiresGrad: true)
    let powers = bind(Powers(), [x])
    let gradients = Tensor.gradients(of: [powers[0] * powers[1]], wrt: [powers[0], powers[1], x])
    #expect(gradients.map { $0?.item() } == [27, 9, 405])
  }

  @Test func secondOrderReachesAKeptOutput() {
    // dL/dx = 3 · square · u, where square is an output: its derivative in square is 3u.
    let x = Tensor(3.0, requiresGrad: true)
    let powers = bind(Powers(), [x])
    let slope = Tensor.gradients(of: powers[1], wrt: x, createGraph: true)
    #expect(slope.item() == 27)
    let gradients = Tensor.gradients(of: [slope], wrt: [powers[0], x])
    #expect(gradients.map { $0?.item() } == [3, 18])
  }

  @Test func hooksAndKeptGradientsOfAnOutput() {
    let x = Tensor(3.0, requiresGrad: true)
    let powers = bind(Powers(), [x])
    powers[1].retainGrad()
    powers[0].registerHook { $0 * 10 }
    (powers[0] * 2 + powers[1] * 5).backward()
    #expect(powers[1].grad?.item() == 5)
    #expect(powers[0].grad == nil)
    #expect(x.grad?.item() == 255)
    #expect(powers[0].gradFn == powers[1].gradFn)
    #expect(powers[0].gradFn?.name == "PowersBackward0")
  }

  @Test func everyTransform() {
    let (x, dx) = (Tensor([1.0, 2.0]), Tensor([1.0, 10.0]))
    let forward = jvp({ bind(Powers(), [$0[0]]) }, [x], [dx])
    #expect(forward.tangents.map { $0.array(as: Double.self) } == [[2, 40], [3, 120]])
    let batched = vmap { bind(Powers(), [$0[0]]) }([x])
    #expect(batched.map { $0.array(as: Double.self) } == [[1, 4], [1, 8]])
    let graph = makeGraph({ bind(Powers(), [$0[0]]) }, [x.type])
    #expect(graph([x]).map { $0.array(as: Double.self) } == [[1, 4], [1, 8]])
  }
}

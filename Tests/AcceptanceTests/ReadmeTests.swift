import Kobai
import KobaiTestSupport
import Testing

/// The programs on the README's first page.
@Suite(.ownGenerator) struct ReadmeTests {
  @Test func derivative() {
    let x = Tensor(2.0, requiresGrad: true)
    let y = x ** 2 + 4 * x + 3
    y.backward()
    #expect(x.grad?.description == "tensor(8.)")
  }

  @Test func linearRegression() {
    manualSeed(0)
    let input = Tensor.randn([100, 3])
    let target = input.matmul(Tensor([1.0, -2.0, 0.5])) + 0.1 * Tensor.randn([100])
    var w = Tensor.zeros([3], requiresGrad: true)
    for _ in 0..<200 {
      let loss = mseLoss(input.matmul(w), target)
      loss.backward()
      noGrad { w -= 0.1 * w.grad }
      w.zeroGrad()
    }
    for (found, wanted) in zip(w.array(as: Double.self), [1, -2, 0.5]) {
      #expect(abs(found - wanted) < 0.05)
    }
  }

  @Test func aNetwork() {
    final class Net: Module {
      let fc1 = Linear(784, 100)
      let fc2 = Linear(100, 10)
      func forward(_ x: Tensor) -> Tensor { fc2(relu(fc1(x))) }
    }
    let net = Net()
    let before = net.stateDict()
    let optimizer = Adam(net.parameters, lr: 1e-3)
    for _ in 0..<3 {
      let (x, y) = (Tensor.randn([32, 784]), Tensor.randint(10, [32]))
      let loss = crossEntropy(net(x), y)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
    }
    for (key, value) in net.stateDict() {
      #expect(value.array(as: Float.self) != before[key]?.array(as: Float.self))
    }
  }
}

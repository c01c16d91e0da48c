import Kobai
import KobaiTestSupport
import Testing

/// PyTorch's "Learning PyTorch with Examples": y = sin(x) by a cubic, five ways. The expected numbers are
/// PyTorch's for the same seed.
@Suite(.ownGenerator) struct PolynomialTests {
  let x = Tensor.linspace(-Double.pi, Double.pi, steps: 2000)
  var y: Tensor { x.sin() }

  private func expectClose(_ found: [Double], _ expected: [Double], within tolerance: Double) {
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < tolerance, "\(found)") }
  }

  @Test func byHand() {
    manualSeed(0)
    var (a, b, c, d) = (
      Tensor.randn([]), Tensor.randn([]), Tensor.randn([]), Tensor.randn([])
    )
    let learningRate = 1e-6
    for _ in 0..<2000 {
      let predicted = a + b * x + c * x ** 2 + d * x ** 3
      let slope = 2.0 * (predicted - y)
      a -= learningRate * slope.sum()
      b -= learningRate * (slope * x).sum()
      c -= learningRate * (slope * x ** 2).sum()
      d -= learningRate * (slope * x ** 3).sum()
    }
    expectClose(
      [a.item(), b.item(), c.item(), d.item()], [0.0586234, 0.8372475, -0.0101135, -0.0905576],
      within: 2e-5)
  }

  @Test func byAutograd() {
    manualSeed(0)
    let p = (0..<4).map { _ in Tensor.randn([], requiresGrad: true) }
    for _ in 0..<2000 {
      let predicted = p[0] + p[1] * x + p[2] * x ** 2 + p[3] * x ** 3
      let loss = (predicted - y).pow(2).sum()
      loss.backward()
      noGrad {
        for var parameter in p { if let g = parameter.grad { parameter -= 1e-6 * g } }
      }
      for parameter in p { parameter.zeroGrad() }
    }
    expectClose(
      p.map { $0.item() }, [0.0586234, 0.8372475, -0.0101135, -0.0905576], within: 2e-5)
  }

  @Test func byACustomFunction() {
    // P₃(x) = (5x³ − 3x)/2, Legendre's polynomial of degree three.
    let legendre = customVJP(
      { (x: Tensor) in 0.5 * (5 * x ** 3 - 3 * x) },
      forward: { (x: Tensor) in (0.5 * (5 * x ** 3 - 3 * x), x) },
      backward: { (x: Tensor, dy: Tensor) in dy * 1.5 * (5 * x ** 2 - 1) })
    let p = [0.0, -1.0, 0.0, 0.3].map { Tensor($0, requiresGrad: true) }
    for _ in 0..<2000 {
      let loss = (p[0] + p[1] * legendre(p[2] + p[3] * x) - y).pow(2).sum()
      loss.backward()
      noGrad {
        for var parameter in p { if let g = parameter.grad { parameter -= 5e-6 * g } }
      }
      for parameter in p { parameter.zeroGrad() }
    }
    expectClose(p.map { $0.item() }, [0, -2.2085268, 0, 0.2554861], within: 1e-5)
  }

  @Test func byLayersAndAnOptimizer() {
    manualSeed(0)
    let powers = x.unsqueeze(-1).pow(Tensor([1, 2, 3]))
    let model = Sequential(Linear(3, 1), Flatten(startDim: 0, endDim: 1))
    let lossFunction = MSELoss(reduction: .sum)
    let optimizer = RMSprop(model.parameters, lr: 1e-3)
    for _ in 0..<2000 {
      let loss = lossFunction(model(powers), y)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
    }
    let state = model.stateDict()
    expectClose(
      state["0.weight"]?.flatten().array(as: Double.self) ?? [], [0.8573270, 0, -0.0927307],
      // RMSprop's last steps, of its learning rate's size, go to and fro.
      within: 1e-3)
  }

  @Test func byANetworkThatChangesEachStep() {
    final class DynamicNet: Module {
      @Parameter var a = Tensor.randn([])
      @Parameter var b = Tensor.randn([])
      @Parameter var c = Tensor.randn([])
      @Parameter var d = Tensor.randn([])
      @Parameter var e = Tensor.randn([])
      var step = 0

      func forward(_ x: Tensor) -> Tensor {
        var y = a + b * x + c * x ** 2 + d * x ** 3
        for exponent in 4..<(4 + step % 3) { y = y + e * x ** exponent }
        step += 1
        return y
      }
    }
    manualSeed(0)
    let model = DynamicNet()
    let optimizer = SGD(model.parameters, lr: 1e-8, momentum: 0.9)
    var last = 0.0
    for _ in 0..<3000 {
      let loss = (model(x) - y).pow(2).sum()
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
      last = loss.item()
    }
    #expect(abs(last / 1561.146 - 1) < 1e-3, "\(last)")
    expectClose(
      model.parameters.map { $0.item() },
      [1.1139293, 0.2077918, -0.1932976, -0.0017722, 0.0001941], within: 2e-4)
  }
}

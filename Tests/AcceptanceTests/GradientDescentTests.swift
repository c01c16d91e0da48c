import Kobai
import KobaiTestSupport
import Testing

/// traP 機械学習講習会, lectures 1 and 2: gradient descent.
@Suite struct GradientDescentTests {
  @Test func byHand() {
    // f(x) = x² + e^(−x), f'(x) = 2x − e^(−x)
    func f(_ x: Tensor) -> Tensor { x ** 2 + (-x).exp() }
    func df(_ x: Tensor) -> Tensor { 2 * x - (-x).exp() }

    let learningRate = 0.0005
    var x = Tensor(3.0, dtype: .float64)
    var shown: [Int: Double] = [:]
    for step in 0...10_000 {
      x = x - learningRate * df(x)
      if step % 1000 == 0 { shown[step] = x.item() }
    }
    #expect(shown[0] == 2.997024893534184)
    #expect(shown[1000] == 1.1617489280037716)
    #expect(shown[10_000] == 0.3517383210080008)
    #expect(f(x).item() == 0.8271840261562484)
  }

  @Test func byAutograd() {
    var x = Tensor(3.0, dtype: .float64, requiresGrad: true)
    func f(_ x: Tensor) -> Tensor { x ** 2 + (-x).exp() }

    let learningRate = 0.01
    for _ in 0..<1000 {
      let y = f(x)
      y.backward()
      guard let gradient = x.grad else { break }
      noGrad { x = (x - learningRate * gradient).asState(requiresGrad: true) }
    }
    #expect("\(x.item())".hasPrefix("0.351733711253"))
  }

  @Test(arguments: [-0.5, 0, 0.3, 0.8]) func anyStartNearZero(_ start: Double) {
    let x = Tensor(start, dtype: .float64, requiresGrad: true)
    for _ in 0..<2000 {
      x.zeroGrad()
      let sigmoid = 1 / (1 + (-x).exp())
      let y = -(sigmoid + 1).log() / (x ** 2 + 1)
      y.backward()
      if let gradient = x.grad { x.data = x.data - 0.05 * gradient }
    }
    // The page shows 0.19000968, where its descent had stopped; the minimum is at 0.19000878.
    #expect(abs(x.item() - 0.19000968) < 1e-6)
    #expect(printed(x.item(), 8) == "0.19000878")
  }

  /// Yen per household on the month's mean daily maximum temperature.
  @Test func momentumNeedsFewerSteps() {
    // A valley eight times as steep across as along it, (1/4, 16): plain descent crawls along.
    func stepsToTheBottom(momentum: Double) -> Int {
      let position = Tensor([10.0, 1.0], requiresGrad: true)
      let optimizer = SGD([position], lr: 0.05, momentum: momentum)
      for step in 1...2000 {
        let (x, y) = (position[0], position[1])
        let height = x ** 2 / 4 + 16 * y ** 2
        optimizer.zeroGrad()
        height.backward()
        optimizer.step()
        if height.item() < 1e-6 { return step }
      }
      return .max
    }
    let (plain, momentum) = (stepsToTheBottom(momentum: 0), stepsToTheBottom(momentum: 0.8))
    // Along the valley plain descent shrinks x by 1 − 0.05/2: ln(10 / 0.002) / −ln(0.975) = 336 steps.
    #expect((335...338).contains(plain))
    #expect(momentum * 2 < plain, "\(momentum)")
  }

  @Test func iceCream() throws {
    let spending = try csv("icecream/icecream.csv", skip: 2).compactMap { Double($0[2]) }
    let weather = try csv("icecream/tokyo-weather-2003-2012.csv", skip: 1).compactMap {
      Double($0[2])
    }
    #expect(spending.count == 120 && weather.count == 120)
    let x = Tensor(weather, dtype: .float64)
    let y = Tensor(spending, dtype: .float64)
    func mse(_ a: Tensor, _ b: Tensor) -> Tensor { ((a * x + b - y) ** 2).sum() / 120 }

    #expect(printed(mse(20, 100).item(), 2) == "40268.55")
    #expect(printed(mse(50, -300).item(), 2) == "39310.45")

    // Gradient descent on the standardised temperature, then back to degrees.
    let mean = x.sum() / 120
    let deviation = (((x - mean) ** 2).sum() / 120) ** 0.5
    let t = (x - mean) / deviation
    let slope = Tensor(0.0, dtype: .float64, requiresGrad: true)
    let level = Tensor(0.0, dtype: .float64, requiresGrad: true)
    for _ in 0..<200 {
      let loss = ((slope * t + level - y) ** 2).sum() / 120
      let gradients = Tensor.gradients(of: [loss], wrt: [slope, level])
      for (parameter, gradient) in zip([slope, level], gradients) {
        if let gradient { parameter.data = parameter.data - 0.3 * gradient }
      }
    }
    let a = slope.detach() / deviation
    let b = level.detach() - a * mean
    #expect(printed(a.item(), 9) == "36.007805375")
    #expect(printed(b.item(), 9) == "-126.128214943")
    #expect(printed(mse(a, b).item(), 6) == "16482.244411")
  }

  @Test func losses() {
    let p = Tensor([0.1, 0.9, 0.2], dtype: .float64)
    let target = Tensor([0.0, 1.0, 1.0], dtype: .float64)
    let bce = -(target * p.log() + (1 - target) * (1 - p).log()).sum() / 3
    #expect(printed(bce.item(), 4) == "0.6067")

    let logits = Tensor([1.0, 2.0, 3.0], dtype: .float64)
    let softmax = (logits.exp() / logits.exp().sum()).array(as: Double.self)
    #expect(softmax.map { printed($0, 7) } == ["0.0900306", "0.2447285", "0.6652410"])

    let mse = ((Tensor([400.0, 500.0]) - Tensor([450.0, 500.0])) ** 2).sum() / 2
    #expect(mse.item() == 1250)
  }
}

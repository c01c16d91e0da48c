import Kobai
import Testing

/// モデルベース深層学習と深層展開, chapter 2: a nonlinear regression, y = p₁ e^(−p₂ x) + p₃.
@Suite struct DeepUnfoldingTests {
  @Test func nonlinearRegression() throws {
    let data = try csv("du_regression.csv", skip: 1).compactMap { row -> (Tensor, Tensor)? in
      guard let x = Double(row[0]), let y = Double(row[1]) else { return nil }
      return (Tensor(x, dtype: .float64), Tensor(y, dtype: .float64))
    }
    #expect(data.count == 11)
    let p = Tensor([1.0, 1.0, 1.0], dtype: .float64).array(as: Double.self).map {
      Tensor($0, dtype: .float64, requiresGrad: true)
    }
    var adam = Adam(learningRate: 0.4)
    for _ in 0..<10 {
      for (x, y) in data {
        let predicted = p[0] * (-p[1] * x).exp() + p[2]
        let loss = (predicted - y) ** 2
        adam.step(p, Tensor.gradients(of: [loss], wrt: p).compactMap { $0 })
      }
    }
    #expect(p.map { printed($0.item(), 5) } == ["4.77130", "2.41963", "2.05220"])
  }
}

/// Kingma and Ba, 2015.
private struct Adam {
  let learningRate: Double
  let beta1 = 0.9
  let beta2 = 0.999
  let epsilon = 1e-8
  var moments: [(m: Tensor, v: Tensor)] = []
  var power1 = 1.0
  var power2 = 1.0

  init(learningRate: Double) { self.learningRate = learningRate }

  mutating func step(_ parameters: [Tensor], _ gradients: [Tensor]) {
    if moments.isEmpty {
      moments = gradients.map { (Tensor.zeros(like: $0), Tensor.zeros(like: $0)) }
    }
    power1 *= beta1
    power2 *= beta2
    for (i, gradient) in gradients.enumerated() {
      moments[i].m = beta1 * moments[i].m + (1 - beta1) * gradient
      moments[i].v = beta2 * moments[i].v + (1 - beta2) * gradient * gradient
      let m = moments[i].m / (1 - power1)
      let v = moments[i].v / (1 - power2)
      parameters[i].data = parameters[i].data - learningRate * m / (v ** 0.5 + epsilon)
    }
  }
}

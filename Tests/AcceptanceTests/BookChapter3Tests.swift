import Kobai
import Testing

/// 最短コースでわかる PyTorch & 深層学習プログラミング, chapter 3: linear regression by hand.
@Suite struct BookChapter3Tests {
  let x: Tensor
  let yt: Tensor

  init() {
    // Heights and weights, both with their mean taken off; NumPy does that in float64.
    let X = Tensor([166.0, 176, 171, 173, 169], dtype: .float64)
    let Yt = Tensor([58.7, 75.7, 62.1, 70.4, 60.1], dtype: .float64)
    x = (X - X.sum() / 5).to(.float32)
    yt = (Yt - Yt.sum() / 5).to(.float32)
  }

  func mse(_ yp: Tensor, _ yt: Tensor) -> Tensor { ((yp - yt) ** 2).sum() / 5 }

  /// float32: the last printed digit may differ.
  func expect(_ number: Double, _ shown: Double, _ decimals: Int) {
    var unit = 1.0
    for _ in 0..<decimals { unit /= 10 }
    #expect(abs(number - shown) <= 1.01 * unit)
  }

  @Test func gradientDescent() {
    let W = Tensor(1.0, requiresGrad: true)
    let B = Tensor(1.0, requiresGrad: true)
    let lr = 0.001
    var history: [Int: Double] = [:]
    for epoch in 0..<500 {
      let yp = W * x + B
      let loss = mse(yp, yt)
      loss.backward()
      if epoch == 0 {
        expect(W.grad?.item() ?? 0, -19.0400, 4)
        expect(B.grad?.item() ?? 0, 2.0000, 4)
      }
      noGrad {
        if let dW = W.grad, let dB = B.grad {
          W.data = W.data - lr * dW
          B.data = B.data - lr * dB
        }
      }
      W.zeroGrad()
      B.zeroGrad()
      if epoch % 10 == 0 { history[epoch] = loss.item() }
    }
    expect(history[0] ?? 0, 13.3520, 4)
    expect(history[10] ?? 0, 10.3855, 4)
    expect(history[490] ?? 0, 4.6796, 4)
    expect(W.item(), 1.820683, 6)
    expect(B.item(), 0.3675114, 7)
  }

  @Test func momentum() {
    let parameters = [Tensor(1.0, requiresGrad: true), Tensor(1.0, requiresGrad: true)]
    var velocities = [Tensor(0.0), Tensor(0.0)]
    var history: [Int: Double] = [:]
    for epoch in 0..<500 {
      let loss = mse(parameters[0] * x + parameters[1], yt)
      let gradients = Tensor.gradients(of: [loss], wrt: parameters)
      for (i, gradient) in gradients.enumerated() {
        guard let gradient else { continue }
        velocities[i] = 0.9 * velocities[i] + gradient
        parameters[i].data = parameters[i].data - 0.001 * velocities[i]
      }
      if epoch % 10 == 0 { history[epoch] = loss.item() }
    }
    expect(history[10] ?? 0, 5.7585, 4)
    expect(history[490] ?? 0, 4.5390, 4)
  }
}

import Kobai
import KobaiTestSupport
import Testing

/// モデルベース深層学習と深層展開.
@Suite struct DeepUnfoldingTests {
  /// Chapter 2: a nonlinear regression, y = p₁ e^(−p₂ x) + p₃, one step for each sample in order.
  @Test func nonlinearRegression() throws {
    let data = try csv("du_regression.csv", skip: 1).compactMap { row -> (Tensor, Tensor)? in
      guard let x = Double(row[0]), let y = Double(row[1]) else { return nil }
      return (Tensor(x, dtype: .float64), Tensor(y, dtype: .float64))
    }
    #expect(data.count == 11)
    let p = (0..<3).map { _ in Tensor(1.0, dtype: .float64, requiresGrad: true) }
    let optimizer = Adam(p, lr: 0.4)
    for _ in 0..<10 {
      for (x, y) in data {
        let loss = (p[0] * (-p[1] * x).exp() + p[2] - y) ** 2
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
      }
    }
    #expect(p.map { printed($0.item(), 5) } == ["4.77130", "2.41963", "2.05220"])
  }

  /// Chapter 4: iterative soft thresholding, unrolled; its step sizes and thresholds are learned, one more
  /// layer at a time.
  @Test(.ownGenerator) func unfoldedSoftThresholding() {
    manualSeed(0)
    let (unknowns, measurements, layers) = (60, 40, 8)
    let a = Tensor.randn([measurements, unknowns]) / Double(measurements).squareRoot()
    let steps = (0..<layers).map { _ in Tensor(0.1, requiresGrad: true) }
    let thresholds = (0..<layers).map { _ in Tensor(0.05, requiresGrad: true) }

    func sparse(_ count: Int) -> Tensor {
      Tensor.randn([count, unknowns]) * (Tensor.rand([count, unknowns]) < 0.1).to(.float32)
    }
    func shrink(_ x: Tensor, _ threshold: Tensor) -> Tensor {
      relu(x - threshold) - relu(-x - threshold)
    }
    func estimate(_ y: Tensor, layers: Int) -> Tensor {
      var s = Tensor.zeros([y.shape[0], unknowns])
      for t in 0..<layers {
        s = shrink(s + steps[t] * (y - s.matmul(a.T)).matmul(a), thresholds[t])
      }
      return s
    }
    let unseen = sparse(1000)
    func error() -> Double {
      noGrad { mseLoss(estimate(unseen.matmul(a.T), layers: layers), unseen).item() }
    }

    let before = error()
    for depth in 1...layers {
      let optimizer = Adam(steps + thresholds, lr: 0.01)
      for _ in 0..<150 {
        let x = sparse(200)
        let loss = mseLoss(estimate(x.matmul(a.T), layers: depth), x)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
      }
    }
    #expect(error() * 10 < before, "\(before) → \(error())")
  }
}

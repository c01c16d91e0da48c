import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// ゼロから作る Deep Learning, chapters 3, 5 and 8.
@Suite(.ownGenerator) struct FromScratchTests {
  private static let hasWeights =
    RealData.isExpected("dlfs-weights") && RealData.isExpected("mnist")

  private func parameter(_ file: String) throws -> Tensor {
    let folder = try RealData.folder("dlfs-weights")
    return try Tensor(NPY.read(contentsOf: "\(folder)/\(file).npy"))
  }

  /// Chapter 3: inference with given weights.
  @Test(.enabled(if: hasWeights, "needs the data sets dlfs-weights and mnist"))
  func neuralNetworkInference() throws {
    let (W1, W2, W3) = (
      try parameter("sample_weight.W1"), try parameter("sample_weight.W2"),
      try parameter("sample_weight.W3")
    )
    let (b1, b2, b3) = (
      try parameter("sample_weight.b1"), try parameter("sample_weight.b2"),
      try parameter("sample_weight.b3")
    )
    func predict(_ x: Tensor) -> Tensor {
      let a1 = x.matmul(W1) + b1
      let z1 = a1.sigmoid()
      let a2 = z1.matmul(W2) + b2
      let z2 = a2.sigmoid()
      let a3 = z2.matmul(W3) + b3
      return a3.softmax(dim: 1)
    }
    let test = try RealData.mnist().test
    let x = test.floats.flatten(startDim: 1)
    var correct = 0.0
    for i in stride(from: 0, to: x.shape[0], by: 100) {
      let p = predict(x[i..<i + 100]).argmax(dim: 1)
      correct += p.eq(test.labels[i..<i + 100]).sum().item()
    }
    #expect(correct / Double(x.shape[0]) == 0.9352)
  }

  /// Chapter 8: a deep network with given weights; its dropout multiplies by 0.5 when testing.
  @Test(.enabled(if: hasWeights, "needs the data sets dlfs-weights and mnist"))
  func deepConvNet() throws {
    let W = try (1...8).map { try parameter("deep_convnet.W\($0)") }
    let b = try (1...8).map { try parameter("deep_convnet.b\($0)") }
    func predict(_ x: Tensor) -> Tensor {
      var x = x
      for (i, padding) in [1, 1, 1, 2, 1, 1].enumerated() {
        x = x.conv2d(W[i], bias: b[i], padding: padding).relu()
        if i % 2 == 1 { x = x.maxPool2d(kernelSize: 2, stride: 2) }
      }
      x = (x.flatten(startDim: 1).matmul(W[6]) + b[6]).relu() * 0.5
      return x.matmul(W[7]) + b[7]
    }
    let test = try RealData.mnist().test
    var correct = 0.0
    for i in stride(from: 0, to: test.count, by: 500) {
      let p = predict(test.floats[i..<i + 500]).argmax(dim: 1)
      correct += p.eq(test.labels[i..<i + 500]).sum().item()
    }
    #expect(correct / Double(test.count) == 0.9797)
  }

  /// Chapter 5: backpropagation against numerical gradients, in float64.
  @Test func gradientCheck() {
    manualSeed(0)
    let x = Tensor.rand([3, 784], dtype: .float64)
    let t = Tensor([3, 1, 4])
    let parameters = [
      0.01 * Tensor.randn([784, 50], dtype: .float64), Tensor.zeros([50], dtype: .float64),
      0.01 * Tensor.randn([50, 10], dtype: .float64), Tensor.zeros([10], dtype: .float64),
    ].map { $0.asState(requiresGrad: true) }
    func loss() -> Tensor {
      let hidden = (x.matmul(parameters[0]) + parameters[1]).relu()
      return crossEntropy(hidden.matmul(parameters[2]) + parameters[3], t)
    }
    loss().backward()
    for parameter in parameters {
      let backprop = parameter.grad?.flatten() ?? Tensor.zeros([0])
      let values = parameter.data.flatten().array(as: Double.self)
      // Each element in turn; of the large matrix every 97th.
      let step = values.count > 1000 ? 97 : 1
      var difference = 0.0
      for i in Swift.stride(from: 0, to: values.count, by: step) {
        func shifted(_ h: Double) -> Double {
          var moved = values
          moved[i] += h
          parameter.data = Tensor(moved, shape: parameter.shape, dtype: .float64)
          return noGrad { loss().item() }
        }
        let numerical = (shifted(1e-4) - shifted(-1e-4)) / 2e-4
        difference = max(difference, abs(numerical - backprop[i].item()))
      }
      parameter.data = Tensor(values, shape: parameter.shape, dtype: .float64)
      #expect(difference <= 1e-6)
    }
  }
}

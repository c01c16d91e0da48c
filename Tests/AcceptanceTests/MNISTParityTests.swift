import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// A whole run beside PyTorch: the same seed, initial weights and order of the data. The other side is
/// Tools/parity/mnist_cnn.py.
@Suite(.ownGenerator) struct MNISTParityTests {
  private final class Net: Module {
    let conv1 = Conv2d(1, 8, kernelSize: 3)
    let conv2 = Conv2d(8, 16, kernelSize: 3)
    let fc = Linear(400, 10)

    func forward(_ x: Tensor) -> Tensor {
      var x = relu(conv1(x)).maxPool2d(kernelSize: 2)
      x = relu(conv2(x)).maxPool2d(kernelSize: 2)
      return fc(x.flatten(startDim: 1))
    }
  }

  private struct Recorded: Decodable { let losses: [Double] }

  @Test(.enabled(if: RealData.isExpected("mnist"), "needs the data set mnist"))
  func aHundredStepsHavePyTorchsLosses() throws {
    let file = try #require(
      Bundle.module.url(forResource: "Resources/parity/mnist_cnn", withExtension: "json"))
    let recorded = try JSONDecoder().decode(Recorded.self, from: Data(contentsOf: file)).losses
    let train = try RealData.mnist().train
    let x = (train.images.to(.float32) / 255 - 0.1307) / 0.3081
    manualSeed(0)
    let net = Net()
    let optimizer = SGD(net.parameters, lr: 0.003, momentum: 0.9)
    let loader = DataLoader(TensorDataset(x, train.labels), batchSize: 64, shuffle: true)
    var losses: [Double] = []
    for (x, y) in loader {
      let loss = crossEntropy(net(x), y)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
      losses.append(loss.item())
      if losses.count == recorded.count { break }
    }
    let differences = zip(losses, recorded).map { abs($0 - $1) / $1 }
    #expect(losses.count == 100)
    #expect(
      (differences.max() ?? 1) < 1e-4, "largest relative difference: \(differences.max() ?? 1)")
  }
}

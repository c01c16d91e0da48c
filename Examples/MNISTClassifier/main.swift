// PyTorch's MNIST example: two convolutions, dropout, Adadelta, a learning rate that falls.
//
//     KOBAI_DATA=… swift run -c release MNISTClassifier --epochs 1
import Foundation
import Kobai
import KobaiCharts

func option(_ name: String, default value: Double) -> Double {
  let arguments = CommandLine.arguments
  guard let i = arguments.firstIndex(of: "--\(name)"), i + 1 < arguments.count else { return value }
  return Double(arguments[i + 1]) ?? value
}

final class Net: Module {
  let conv1 = Conv2d(1, 32, kernelSize: 3, stride: 1)
  let conv2 = Conv2d(32, 64, kernelSize: 3, stride: 1)
  let dropout1 = Dropout(0.25)
  let dropout2 = Dropout(0.5)
  let fc1 = Linear(9216, 128)
  let fc2 = Linear(128, 10)

  func forward(_ x: Tensor) -> Tensor {
    var x = conv1(x)
    x = relu(x)
    x = conv2(x)
    x = relu(x)
    x = x.maxPool2d(kernelSize: 2)
    x = dropout1(x)
    x = x.flatten(startDim: 1)
    x = fc1(x)
    x = relu(x)
    x = dropout2(x)
    x = fc2(x)
    return x.logSoftmax(dim: 1)
  }
}

func train(
  _ model: Net, _ loader: DataLoader<(Tensor, Tensor)>, _ optimizer: Optimizer, _ epoch: Int
) {
  model.train()
  for (index, (data, target)) in loader.enumerated() {
    optimizer.zeroGrad()
    let output = model(data)
    let loss = nllLoss(output, target)
    loss.backward()
    optimizer.step()
    if index % 100 == 0 {
      let seen = index * (loader.batchSize ?? 1)
      print("Train Epoch: \(epoch) [\(seen)/\(loader.datasetCount)]\tLoss: \(loss.item())")
    }
  }
}

func test(_ model: Net, _ loader: DataLoader<(Tensor, Tensor)>) {
  model.eval()
  var (testLoss, correct) = (0.0, 0.0)
  noGrad {
    for (data, target) in loader {
      let output = model(data)
      testLoss += nllLoss(output, target, reduction: .sum).item()
      let pred = output.argmax(dim: 1, keepDim: true)
      correct += pred.eq(target.view(pred.shape)).sum().item()
    }
  }
  let count = Double(loader.datasetCount)
  print("\nTest set: Average loss: \(testLoss / count), Accuracy: \(Int(correct))/\(Int(count))\n")
}

manualSeed(Int(option("seed", default: 1)))
let data = try MNIST.load().normalized()
let trainLoader = DataLoader(data.train, batchSize: 64, shuffle: true, prefetch: 2)
let testLoader = DataLoader(data.test, batchSize: 1000)

let model = Net()
let optimizer = Adadelta(model.parameters, lr: option("lr", default: 1))
let scheduler = StepLR(optimizer, stepSize: 1, gamma: option("gamma", default: 0.7))
for epoch in 1...Int(option("epochs", default: 14)) {
  train(model, trainLoader, optimizer, epoch)
  test(model, testLoader)
  scheduler.step()
}
try model.stateDict().write(to: "mnist_cnn.safetensors")

// Which digits were taken for which, and those that were misread.
var (targets, predictions) = ([Int](), [Int]())
noGrad {
  for (images, labels) in testLoader {
    predictions += model(images).argmax(dim: 1).array(as: Int.self)
    targets += labels.array(as: Int.self)
  }
}
try ConfusionMatrixChart(targets: targets, predictions: predictions, classes: data.classes)
  .write(to: "mnist-confusion.svg")
let misread = targets.indices.filter { targets[$0] != predictions[$0] }.prefix(24).map { i in
  ImageGrid.Image(
    data.test.images[i], range: 0...255, caption: "\(targets[i]) → \(predictions[i])", mark: .wrong)
}
try ImageGrid(misread, columns: 8, title: "Misread").write(to: "mnist-misread.svg")
print("drawn in mnist-confusion.svg, mnist-misread.svg")

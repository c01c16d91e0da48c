// PyTorch's 60-minute blitz: a small LeNet learns to tell ten kinds of pictures apart.
//
//     KOBAI_DATA=… swift run -c release CIFAR10Classifier
import Kobai
import KobaiCharts

final class Net: Module {
  let conv1 = Conv2d(3, 6, kernelSize: 5)
  let pool = MaxPool2d(2, stride: 2)
  let conv2 = Conv2d(6, 16, kernelSize: 5)
  let fc1 = Linear(16 * 5 * 5, 120)
  let fc2 = Linear(120, 84)
  let fc3 = Linear(84, 10)

  func forward(_ x: Tensor) -> Tensor {
    var x = pool(relu(conv1(x)))
    x = pool(relu(conv2(x)))
    x = x.flatten(startDim: 1)
    x = relu(fc1(x))
    x = relu(fc2(x))
    return fc3(x)
  }
}

manualSeed(0)
let data = try CIFAR10.load()
// Pixels from −1 to 1.
let scaled: @Sendable ((Tensor, Tensor), Generator) -> (Tensor, Tensor) = { batch, _ in
  ((batch.0 - 0.5) / 0.5, batch.1)
}
let trainLoader = DataLoader(
  data.train, batchSize: 4, shuffle: true, prefetch: 8, transform: scaled)
let testLoader = DataLoader(data.test, batchSize: 4, transform: scaled)

let net = Net()
let criterion = CrossEntropyLoss()
let optimizer = SGD(net.parameters, lr: 0.001, momentum: 0.9)
for epoch in 1...2 {
  var runningLoss = 0.0
  for (i, (inputs, labels)) in trainLoader.enumerated() {
    optimizer.zeroGrad()
    let loss = criterion(net(inputs), labels)
    loss.backward()
    optimizer.step()
    runningLoss += loss.item()
    if i % 500 == 499 {
      print("[\(epoch), \(i + 1)] loss: \(runningLoss / 500)")
      runningLoss = 0
    }
  }
}
print("Finished Training")

var (targets, predictions) = ([Int](), [Int]())
noGrad {
  for (images, labels) in testLoader {
    predictions += net(images).argmax(dim: 1).array(as: Int.self)
    targets += labels.array(as: Int.self)
  }
}
let correct = zip(targets, predictions).count { $0 == $1 }
print(
  "Accuracy of the network on the \(targets.count) test images: \(100 * correct / targets.count) %")
for (number, name) in data.classes.enumerated() {
  let own = zip(targets, predictions).filter { $0.0 == number }
  let right = own.count { $0.0 == $0.1 }
  print("Accuracy for class \(name): \(100 * right / max(1, own.count)) %")
}

try ConfusionMatrixChart(targets: targets, predictions: predictions, classes: data.classes)
  .write(to: "cifar10-confusion.svg")
let pictures = (0..<16).map { i in
  ImageGrid.Image(
    data.test.images[i], range: 0...255, caption: data.classes[predictions[i]],
    mark: predictions[i] == targets[i] ? .right : .wrong)
}
try ImageGrid(pictures, columns: 8, title: "What the network sees").write(to: "cifar10-images.svg")
print("drawn in cifar10-confusion.svg, cifar10-images.svg")

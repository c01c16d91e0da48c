import Foundation
import Kobai
import KobaiTestSupport
import Testing

/// 最短コースでわかる PyTorch & 深層学習プログラミング, chapters 6, 7 and 9.
@Suite(.enabled(if: RealData.isExpected("iris"), "needs the data set iris")) struct IrisTests {
  private func iris(_ chapter: String, rows: Range<Int>, columns: [String]) throws -> (
    train: (x: Tensor, y: Tensor), test: (x: Tensor, y: Tensor)
  ) {
    let folder = try RealData.folder("iris")
    let table = try Table(csv: "\(folder)/iris.csv").rows(rows)
    let names = ["setosa", "versicolor", "virginica"]
    let x = try table.tensor(columns)
    let labels = table["species"].texts.compactMap { $0.flatMap(names.firstIndex(of:)) }
    let y = Tensor(labels)
    let json = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/splits_seed123.json"))
    let splits = try JSONDecoder().decode([String: [String: [Int]]].self, from: json)
    func part(_ name: String) throws -> (Tensor, Tensor) {
      let indices = Tensor(try #require(splits[chapter]?[name]))
      return (x[indices], y[indices])
    }
    return (try part("train"), try part("test"))
  }

  /// The last printed digit may differ.
  private func expect(_ number: Double, _ shown: Double, _ decimals: Int) {
    #expect(abs(number - shown) <= 1.01 * pow(0.1, Double(decimals)), "\(number)")
  }

  /// Chapter 6: binary classification by logistic regression.
  @Test(arguments: [false, true]) func binaryClassification(withLogits: Bool) throws {
    final class Net: Module {
      let l1 = Linear(2, 1)
      let sigmoid: Sigmoid?
      init(_ withLogits: Bool) {
        sigmoid = withLogits ? nil : Sigmoid()
        super.init()
        l1.weight.constant_(1)
        l1.bias?.constant_(1)
      }
      func forward(_ x: Tensor) -> Tensor {
        let x1 = l1(x)
        return sigmoid.map { $0(x1) } ?? x1
      }
    }
    let (train, test) = try iris("ch06", rows: 0..<100, columns: ["sepal_length", "sepal_width"])
    let labels1 = train.y.to(.float32).view([-1, 1])
    let labels1Test = test.y.to(.float32).view([-1, 1])
    let net = Net(withLogits)
    let criterion: any Forward2<Tensor, Tensor, Tensor> =
      withLogits ? BCEWithLogitsLoss() : BCELoss()
    let optimizer = SGD(net.parameters, lr: 0.01)
    let threshold = withLogits ? 0.0 : 0.5

    func accuracy(_ outputs: Tensor, _ labels: Tensor) -> Double {
      outputs.ge(threshold).to(.float32).eq(labels).to(.float32).mean().item()
    }
    for epoch in 0..<10_000 {
      optimizer.zeroGrad()
      let outputs = net(train.x)
      let loss = criterion(outputs, labels1)
      loss.backward()
      optimizer.step()
      if epoch == 0 {
        expect(loss.item(), 4.77289, 4)
        #expect(accuracy(outputs, labels1) == 0.5)
        let outputsTest = net(test.x)
        expect(criterion(outputsTest, labels1Test).item(), 4.49384, 4)
      }
    }
    let (outputs, outputsTest) = (net(train.x), net(test.x))
    expect(criterion(outputs, labels1).item(), 0.07955, 4)
    #expect(accuracy(outputs, labels1) == 1)
    expect(criterion(outputsTest, labels1Test).item(), 0.15395, 4)
    expect(accuracy(outputsTest, labels1Test), 0.96667, 5)
    let weights = net.l1.weight.array(as: Double.self)
    expect(weights[0], 2.97, 2)
    expect(weights[1], -5.30, 2)
    expect(net.l1.bias?.item() ?? 0, 0.3386, 4)
  }

  /// Chapter 7: three classes by softmax regression.
  @Test func multiclassClassification() throws {
    final class Net: Module {
      let l1 = Linear(2, 3)
      override init() {
        super.init()
        l1.weight.constant_(1)
        l1.bias?.constant_(1)
      }
      func forward(_ x: Tensor) -> Tensor { l1(x) }
    }
    let (train, test) = try iris("ch07", rows: 0..<150, columns: ["sepal_length", "petal_length"])
    let net = Net()
    let criterion = CrossEntropyLoss()
    let optimizer = SGD(net.parameters, lr: 0.01)

    func accuracy(_ outputs: Tensor, _ labels: Tensor) -> Double {
      let (_, predicted) = outputs.max(dim: 1)
      return predicted.eq(labels).sum().item() / Double(labels.count)
    }
    var first = 0.0
    for epoch in 0..<10_000 {
      optimizer.zeroGrad()
      let loss = criterion(net(train.x), train.y)
      loss.backward()
      optimizer.step()
      if epoch == 0 { first = loss.item() }
    }
    expect(first, 1.09861, 5)
    let (outputs, outputsTest) = (net(train.x), net(test.x))
    expect(criterion(outputs, train.y).item(), 0.21590, 4)
    expect(accuracy(outputs, train.y), 0.90667, 5)
    expect(criterion(outputsTest, test.y).item(), 0.19795, 4)
    #expect(accuracy(outputsTest, test.y) == 0.96)
    let row = net.l1.weight[0].array(as: Double.self)
    expect(row[0], 3.0452, 3)
    expect(row[1], -2.5735, 3)
    let bias = try #require(net.l1.bias).array(as: Double.self)
    for (number, shown) in zip(bias, [1.7178, 1.6563, -0.3741]) { expect(number, shown, 3) }
  }
}

@Suite struct BookNetworkTests {
  /// Chapter 8: the networks for MNIST have as many parameters as the book prints.
  @Test func perceptronsForMNIST() {
    let one = Sequential(Linear(784, 128), ReLU(), Linear(128, 10))
    let two = Sequential(Linear(784, 128), ReLU(), Linear(128, 128), ReLU(), Linear(128, 10))
    #expect(one.summary(inputSize: [1, 784]).parameterCount == 101_770)
    #expect(two.summary(inputSize: [1, 784]).parameterCount == 118_282)
  }

  /// Chapter 9: a convolutional network for CIFAR-10.
  @Test func convolutionalNetworkForCIFAR10() {
    final class CNN: Module {
      let conv1 = Conv2d(3, 32, kernelSize: 3)
      let conv2 = Conv2d(32, 32, kernelSize: 3)
      let relu = ReLU()
      let maxpool = MaxPool2d([2, 2])
      let flatten = Flatten()
      let l1 = Linear(6272, 128)
      let l2 = Linear(128, 10)

      lazy var features = Sequential(conv1, relu, conv2, relu, maxpool)
      lazy var classifier = Sequential(l1, relu, l2)

      func forward(_ x: Tensor) -> Tensor { classifier(flatten(features(x))) }
    }
    let net = CNN()
    #expect(net(Tensor.zeros([2, 3, 32, 32])).shape == [2, 10])
    #expect(net.parameters.reduce(0) { $0 + $1.count } == 814_378)
  }
}

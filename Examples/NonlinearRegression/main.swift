// 最短コースでわかる PyTorch & 深層学習プログラミング, chapter 4: why networks need nonlinear functions.
//
// y = x² with noise. A network of linear layers only draws a line, however many layers it has; with ReLU
// between them it draws the curve.
import Foundation
import Kobai
import KobaiCharts

let file = Bundle.module.path(forResource: "ch04_xy", ofType: "csv") ?? "ch04_xy.csv"
let table = try Table(csv: file, header: false, names: ["x", "y"], comment: "#")
let inputs = try table.tensor(["x"])
let labels = try table.tensor(["y"])
let (xTrain, xTest) = (inputs[..<50], inputs[50...])
let (yTrain, yTest) = (labels[..<50], labels[50...])

final class Line: Module {
  let l1 = Linear(1, 1)
  func forward(_ x: Tensor) -> Tensor { l1(x) }
}

final class DeepLine: Module {
  let l1 = Linear(1, 10)
  let l2 = Linear(10, 10)
  let l3 = Linear(10, 1)
  func forward(_ x: Tensor) -> Tensor { l3(l2(l1(x))) }
}

final class Curve: Module {
  let l1 = Linear(1, 10)
  let l2 = Linear(10, 10)
  let l3 = Linear(10, 1)
  let relu = ReLU()
  func forward(_ x: Tensor) -> Tensor { l3(relu(l2(relu(l1(x))))) }
}

func train(_ net: TensorModule) -> (train: Double, test: Double) {
  let criterion = MSELoss()
  let optimizer = SGD(net.parameters, lr: 0.01)
  for epoch in 0..<10_000 {
    optimizer.zeroGrad()
    let loss = criterion(net(xTrain), yTrain)
    loss.backward()
    optimizer.step()
    if epoch % 1000 == 0 { print("  epoch \(epoch): loss \(loss.item())") }
  }
  return noGrad {
    (criterion(net(xTrain), yTrain).item(), criterion(net(xTest), yTest).item())
  }
}

var panels: [any Panel] = []
for (name, net) in [
  ("one linear layer", Line() as TensorModule), ("three linear layers", DeepLine()),
  ("three layers with ReLU", Curve()),
] {
  print(name)
  manualSeed(123)
  let (trainLoss, testLoss) = train(net)
  print("  train loss \(trainLoss), test loss \(testLoss)")
  let order = xTest.flatten().argsort()
  let (x, y) = (xTest.flatten()[order], noGrad { net(xTest) }.flatten()[order])
  panels.append(
    Chart(title: name, xLabel: "x", yLabel: "y") { chart in
      chart.scatter(xTest, yTest, label: "data")
      chart.plot(x, y, label: "network")
    })
}
try Figure(panels, columns: 3).write(to: "nonlinear-regression.svg")
print("drawn in nonlinear-regression.svg")

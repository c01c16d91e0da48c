// A large network on few noisy points of y = 3x³ − 2x² + 1: the training loss falls while the validation loss
// rises again.
import Kobai
import KobaiCharts

manualSeed(0)
func sample(_ count: Int) -> (x: Tensor, y: Tensor) {
  let x = 2 * Tensor.rand([count, 1]) - 1
  return (x, 3 * x ** 3 - 2 * x ** 2 + 1 + 0.5 * Tensor.randn([count, 1]))
}
let (train, validation) = (sample(15), sample(100))

let net = Sequential(
  Linear(1, 256), ReLU(), Linear(256, 256), ReLU(), Linear(256, 256), ReLU(), Linear(256, 1))
let optimizer = Adam(net.parameters, lr: 1e-3)
var (trainLosses, validationLosses) = ([Double](), [Double]())
for epoch in 0..<1500 {
  let loss = mseLoss(net(train.x), train.y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  trainLosses.append(loss.item())
  validationLosses.append(noGrad { mseLoss(net(validation.x), validation.y).item() })
  if epoch % 250 == 0 {
    print("epoch \(epoch): train \(trainLosses[epoch]), validation \(validationLosses[epoch])")
  }
}
let best = validationLosses.indices.min { validationLosses[$0] < validationLosses[$1] } ?? 0
print("validation loss is least, \(validationLosses[best]), after \(best) epochs")
print("at the end: train \(trainLosses.last ?? 0), validation \(validationLosses.last ?? 0)")

let grid = Tensor.linspace(-1, 1, steps: 201).unsqueeze(1)
let fit = Chart(title: "What was learned", xLabel: "x", yLabel: "y") { chart in
  chart.scatter(train.x, train.y, label: "training points")
  chart.plot(-1...1, label: "3x³ − 2x² + 1", dash: .dashed) { 3 * $0 * $0 * $0 - 2 * $0 * $0 + 1 }
  chart.plot(grid, noGrad { net(grid) }, label: "network")
}
let curve = Chart(title: "Learning curve", xLabel: "epoch", yLabel: "loss") { chart in
  chart.yScale = .log
  chart.plot(trainLosses, label: "training")
  chart.plot(validationLosses, label: "validation")
}
try Figure([fit, curve], columns: 2).write(to: "overfitting.svg")
print("drawn in overfitting.svg")

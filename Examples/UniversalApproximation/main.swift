// One hidden layer of sigmoids comes as near to a continuous function on [0, 1] as one likes, if it is wide
// enough: the largest error falls with the width.
import Foundation
import Kobai
import KobaiCharts

func target(_ x: Tensor) -> Tensor { (6 * x).sin() + 0.5 * (25 * x).cos() * x }

let x = Tensor.linspace(0, 1, steps: 401).unsqueeze(1)
let y = target(x)
var panels: [any Panel] = []
for width in [5, 50, 500] {
  manualSeed(0)
  // Sigmoids that rise at places all over [0, 1]: their sum is what training shapes.
  let hidden = Linear(1, width)
  noGrad {
    let steepness = Double(4 * width).squareRoot() * 4
    hidden.weight = Tensor.full([width, 1], steepness)
    hidden.bias = -steepness * Tensor.linspace(0, 1, steps: width)
  }
  let net = Sequential(hidden, Sigmoid(), Linear(width, 1))
  let optimizer = Adam(net.parameters, lr: 0.01)
  let scheduler = CosineAnnealingLR(optimizer, tMax: 6000)
  for _ in 0..<6000 {
    let loss = mseLoss(net(x), y)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    scheduler.step()
  }
  let output = noGrad { net(x) }
  let error = (output - y).abs().max().item()
  print("width \(width): largest error \(error)")
  panels.append(
    Chart(title: "\(width) sigmoids, error \(String(format: "%.4f", error))") { chart in
      chart.plot(x, y, label: "function")
      chart.plot(x, output, label: "network", dash: .dashed)
    })
}
try Figure(panels, columns: 3).write(to: "universal-approximation.svg")
print("drawn in universal-approximation.svg")

import Kobai

/// An epoch over MNIST with the data loader: the perceptron of `mlp`, batches of 128 in random order,
/// Adam. Needs the files in the folder that KOBAI_DATA names.
let mnistEpoch = Workload(name: "mnist-epoch", work: Work()) { way in
  let data = try MNIST.load(download: false).normalized()
  manualSeed(0)
  let net = Sequential {
    Flatten()
    Linear(784, 256)
    ReLU()
    Linear(256, 128)
    ReLU()
    Linear(128, 10)
  }
  let optimizer = Adam(net.parameters, lr: 1e-3)
  func step(_ x: Tensor, _ y: Tensor) -> Tensor {
    optimizer.zeroGrad()
    let loss = crossEntropy(net(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()
  }
  let compiled = way == .jit ? jit(step) : nil
  let loader = DataLoader(data.train, batchSize: 128, shuffle: true, dropLast: true)
  func epoch() -> Double {
    var (sum, count) = (0.0, 0.0)
    for (x, y) in loader {
      sum += (compiled?(x, y) ?? step(x, y)).item()
      count += 1
    }
    return sum / count
  }
  return Subject(call: { _ = epoch() }, check: { [epoch()] })
}

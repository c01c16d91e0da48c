import Kobai

/// A perceptron of 784-256-128-10 units.
final class Perceptron: Module {
  let fc1 = Linear(784, 256)
  let fc2 = Linear(256, 128)
  let fc3 = Linear(128, 10)
  func forward(_ x: Tensor) -> Tensor { fc3(fc2(fc1(x).relu()).relu()) }
}

/// One step of training: forward, cross entropy, backward, Adam; a batch of 128. The parts apart.
///
/// PyTorch's figure for the same step: `python Benchmarks/training_step.py`.
func trainingStep(threads: Int, rounds: Int = 9) {
  Threads.count = threads
  defer { Threads.count = 0 }
  let net = Perceptron()
  let optimizer = Adam(net.parameters, lr: 1e-3)
  let x = Tensor.randn([128, 784])
  let y = Tensor.randint(10, [128])
  func loss() -> Tensor { crossEntropy(net(x), y) }
  func step() {
    optimizer.zeroGrad()
    loss().backward()
    optimizer.step()
  }
  step()
  let whole = measure(rounds: rounds, step)
  let forward = measure(rounds: rounds) { _ = loss() }
  let backward = measure(rounds: rounds) {
    optimizer.zeroGrad()
    loss().backward()
  }
  let update = measure(rounds: rounds) { optimizer.step() }
  func micro(_ seconds: Double) -> String { "\(Int((seconds * 1e6).rounded())) µs" }
  line(
    "784-256-128-10, batch 128, Adam, \(threads) thread\(threads == 1 ? "" : "s")", whole * 1e6,
    "µs",
    "forward \(micro(forward)), backward \(micro(backward - forward)), step \(micro(update))")
}

import Kobai

/// 784-256-128-10 with ReLU, batch 128, Adam.
let perceptronStep = training(
  "mlp", flops: 2 * 128 * (2 * 784 * 256 + 3 * (256 * 128 + 128 * 10))
) { draws in
  let net = Sequential {
    Linear(784, 256)
    ReLU()
    Linear(256, 128)
    ReLU()
    Linear(128, 10)
  }
  return (
    net, { Adam($0, lr: 1e-3) }, draws.uniform([128, 784]), draws.integers([128], below: 10),
    { crossEntropy(net($0), $1) }
  )
}

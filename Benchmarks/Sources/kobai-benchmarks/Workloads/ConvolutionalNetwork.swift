import Kobai

/// 28 × 28 images through conv32-pool-conv64-pool-128-10, 3 × 3 with padding, batch 128, Adam.
let convolutionalStep = training(
  "cnn", flops: 2 * 128 * (2 * 32 * 9 * 784 + 3 * (64 * 288 * 196 + 3136 * 128 + 128 * 10))
) { draws in
  let net = Sequential {
    Conv2d(1, 32, kernelSize: 3, padding: 1)
    ReLU()
    MaxPool2d(2)
    Conv2d(32, 64, kernelSize: 3, padding: 1)
    ReLU()
    MaxPool2d(2)
    Flatten()
    Linear(3136, 128)
    ReLU()
    Linear(128, 10)
  }
  return (
    net, { Adam($0, lr: 1e-3) }, draws.uniform([128, 1, 28, 28]), draws.integers([128], below: 10),
    { crossEntropy(net($0), $1) }
  )
}

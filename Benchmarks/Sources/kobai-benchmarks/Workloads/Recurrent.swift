import Kobai

/// An LSTM of one layer, 64 → 128, over 50 steps; the last output goes to 10 classes. Batch 32, Adam.
let recurrentStep = training(
  "lstm", flops: 3 * 2 * 32 * (50 * 4 * 128 * (64 + 128) + 128 * 10)
) { draws in
  let net = Classifier()
  return (
    net, { Adam($0, lr: 1e-3) }, draws.uniform([32, 50, 64]), draws.integers([32], below: 10),
    { crossEntropy(net($0), $1) }
  )
}

private final class Classifier: Module {
  let lstm = LSTM(64, 128, batchFirst: true)
  let fc = Linear(128, 10)

  func forward(_ x: Tensor) -> Tensor { fc(lstm(x).output[0..., -1]) }
}

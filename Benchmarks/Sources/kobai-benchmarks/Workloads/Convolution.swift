import Kobai

/// A layer of a network: forward, the gradient of its input, that of its weight.
private func convolution(
  _ name: String, batch: Int, _ inChannels: Int, _ outChannels: Int, kernel size: Int, on side: Int,
  stride: Int = 1, groups: Int = 1
) -> [Workload] {
  let out = (side - 1) / stride + 1
  let flops = 2 * Double(batch * outChannels * out * out * inChannels / groups * size * size)
  return [("", nil), ("-input-grad", 0), ("-weight-grad", 1)].map { suffix, gradient in
    kernel(
      "conv-\(name)\(suffix)", Work(flops: flops), gradient: gradient,
      inputs: {
        [
          $0.uniform([batch, inChannels, side, side]),
          $0.uniform([outChannels, inChannels / groups, size, size]),
        ]
      }
    ) { $0[0].conv2d($0[1], stride: stride, padding: size / 2, groups: groups) }
  }
}

/// Those of ResNet-18 and MobileNet, and of the MNIST network.
let convolutions = [
  convolution("mnist-3x3-1-32", batch: 128, 1, 32, kernel: 3, on: 28),
  convolution("mnist-3x3-32-64", batch: 128, 32, 64, kernel: 3, on: 14),
  convolution("3x3-64-32x32", batch: 16, 64, 64, kernel: 3, on: 32),
  convolution("3x3-128-16x16", batch: 16, 128, 128, kernel: 3, on: 16),
  convolution("3x3-256-8x8", batch: 16, 256, 256, kernel: 3, on: 8),
  convolution("3x3-512-4x4", batch: 16, 512, 512, kernel: 3, on: 4),
  convolution("3x3-64-128-stride2", batch: 16, 64, 128, kernel: 3, on: 32, stride: 2),
  convolution("1x1-64-128-stride2", batch: 16, 64, 128, kernel: 1, on: 32, stride: 2),
  convolution("1x1-256-16x16", batch: 16, 256, 256, kernel: 1, on: 16),
  convolution("7x7-3-64-stride2", batch: 16, 3, 64, kernel: 7, on: 64, stride: 2),
  convolution("depthwise-128-32x32", batch: 16, 128, 128, kernel: 3, on: 32, groups: 128),
  convolution(
    "depthwise-128-stride2", batch: 16, 128, 128, kernel: 3, on: 32, stride: 2, groups: 128),
].flatMap { $0 }

private let pooled = [128, 32, 28, 28]

let poolings = [
  kernel("max-pool", Work(), inputs: { [$0.uniform(pooled)] }) { $0[0].maxPool2d(kernelSize: 2) },
  kernel("max-pool-grad", Work(), gradient: 0, inputs: { [$0.uniform(pooled)] }) {
    $0[0].maxPool2d(kernelSize: 2)
  },
]

import Kobai

// Convolutional networks: one training step without its optimizer, and the operations it is made of.

/// A network on 28 × 28 images of one channel, batch 128: two 3 × 3 convolutions (32 and 64 channels)
/// with relu, max pooling, two linear layers (128 and 10), cross entropy.
private struct ConvolutionalNetwork {
  let poolsTwice: Bool
  let parameters: [Tensor]
  let images = Tensor.randn([128, 1, 28, 28])
  let labels = Tensor.randint(10, [128])

  /// With one pooling the convolutions have no padding, as in PyTorch's MNIST example; with two, 1.
  init(poolsTwice: Bool) {
    self.poolsTwice = poolsTwice
    let features = poolsTwice ? 3136 : 9216
    let shapes: [(Shape, Int)] = [
      ([32, 1, 3, 3], 9), ([32], 9), ([64, 32, 3, 3], 288), ([64], 288),
      ([128, features], features), ([128], features), ([10, 128], 128), ([10], 128),
    ]
    parameters = shapes.map { shape, fanIn in
      ((Tensor.rand(shape) * 2 - 1) / Double(fanIn).squareRoot()).asState(requiresGrad: true)
    }
  }

  func loss() -> Tensor {
    let (p, padding) = (parameters, poolsTwice ? 1 : 0)
    var x = images.conv2d(p[0], bias: p[1], padding: padding).relu()
    if poolsTwice { x = x.maxPool2d(kernelSize: 2) }
    x = x.conv2d(p[2], bias: p[3], padding: padding).relu().maxPool2d(kernelSize: 2)
    x = linear(x.flatten(startDim: 1), weight: p[4], bias: p[5]).relu()
    return crossEntropy(linear(x, weight: p[6], bias: p[7]), labels)
  }

  func step() {
    loss().backward()
    for parameter in parameters { parameter.zeroGrad() }
  }
}

func convolutionBenchmarks() {
  for threads in [1, 2] {
    Threads.count = threads
    let suffix = threads == 1 ? ", one thread" : ", two threads"
    for poolsTwice in [false, true] {
      let network = ConvolutionalNetwork(poolsTwice: poolsTwice)
      let name = "CNN step, " + (poolsTwice ? "two pools" : "one pool")
      line(name + suffix, measure { network.step() } * 1e3, "ms")
      line(name + ", forward" + suffix, measure { _ = network.loss() } * 1e3, "ms")
    }
    let x = Tensor.randn([128, 32, 26, 26])
    let w = Tensor.randn([64, 32, 3, 3]).asState(requiresGrad: true)
    let y = x.conv2d(w)
    let dy = Tensor.randn(y.shape)
    line("conv 32→64, 26 × 26" + suffix, measure { _ = x.conv2d(w.detach()) } * 1e3, "ms")
    line(
      "its weight gradient" + suffix,
      measure { _ = Tensor.gradients(of: y, wrt: w, gradient: dy, retainGraph: true) } * 1e3, "ms")
    let live = x.asState(requiresGrad: true)
    let z = live.conv2d(w.detach())
    line(
      "its input gradient" + suffix,
      measure { _ = Tensor.gradients(of: z, wrt: live, gradient: dy, retainGraph: true) } * 1e3,
      "ms")
    let pooled = live.maxPool2d(kernelSize: 2)
    let dp = Tensor.randn(pooled.shape)
    line(
      "max pool 2 × 2, [128, 32, 26, 26]" + suffix,
      measure { _ = x.maxPool2d(kernelSize: 2) } * 1e3, "ms")
    line(
      "its gradient" + suffix,
      measure { _ = Tensor.gradients(of: pooled, wrt: live, gradient: dp, retainGraph: true) }
        * 1e3, "ms")
  }
  Threads.count = 0
}

import Kobai
import KobaiTestSupport
import Testing

/// A hundred training steps of each kind of model, compiled against eager, bit for bit.
@Suite(.ownGenerator) struct TrainingRunTests {
  private let steps = Workload.of(100, sanitized: 4)

  /// Losses and final states.
  private func run(
    compiled: Bool, _ net: any Module, _ optimizer: Optimizer,
    _ loss: @escaping (Tensor, Tensor) -> Tensor, _ batch: (Generator) -> (Tensor, Tensor)
  ) -> [[UInt8]] {
    let generator = Generator(seed: 11)
    func body(_ x: Tensor, _ y: Tensor) -> Tensor {
      let value = loss(x, y)
      optimizer.zeroGrad()
      value.backward()
      optimizer.step()
      return value.detach()
    }
    let step = jit { (x: Tensor, y: Tensor) in body(x, y) }
    var record: [[UInt8]] = []
    for _ in 0..<steps {
      let (x, y) = batch(generator)
      record.append((compiled ? step(x, y) : body(x, y)).bytes)
    }
    if compiled { #expect(step.traceCount <= 2) }
    return record + (net.parameters + net.buffers).map { $0.detach().bytes }
      + net.parameters.compactMap { $0.grad?.bytes }
  }

  private func compare<Net: Module>(
    _ make: () -> Net, _ optimizer: (Net) -> Optimizer,
    _ loss: @escaping (Net, Tensor, Tensor) -> Tensor, _ batch: (Generator) -> (Tensor, Tensor)
  ) {
    let results = [false, true].map { compiled in
      let net = make()
      let generator = Generator(seed: 5)
      for p in net.parameters {
        p.data = (Tensor.rand(p.shape, generator: generator) - 0.5) * 0.4
      }
      return run(compiled: compiled, net, optimizer(net), { loss(net, $0, $1) }, batch)
    }
    #expect(results[0].count == results[1].count)
    let difference = zip(results[0], results[1]).enumerated().first { $1.0 != $1.1 }?.offset
    #expect(difference == nil)
  }

  final class Perceptron: Module {
    let fc1 = Linear(784, 256)
    let fc2 = Linear(256, 128)
    let fc3 = Linear(128, 10)
    func forward(_ x: Tensor) -> Tensor { fc3(fc2(fc1(x).relu()).relu()) }
  }

  @Test func perceptronWithAdam() {
    compare(
      Perceptron.init, { Adam($0.parameters, lr: 1e-3) }, { crossEntropy($0($1), $2) }
    ) { generator in
      (
        Tensor.randn([32, 784], generator: generator),
        Tensor.randint(10, [32], generator: generator)
      )
    }
  }

  final class ConvNet: Module {
    let conv1 = Conv2d(1, 8, kernelSize: 3, padding: 1)
    let conv2 = Conv2d(8, 16, kernelSize: 3, padding: 1)
    let fc1 = Linear(16 * 7 * 7, 32)
    let fc2 = Linear(32, 10)
    func forward(_ x: Tensor) -> Tensor {
      let a = conv1(x).relu().maxPool2d(kernelSize: 2)
      let b = conv2(a).relu().maxPool2d(kernelSize: 2)
      return fc2(fc1(b.flatten(startDim: 1)).relu())
    }
  }

  @Test func convolutionsWithAdam() {
    compare(ConvNet.init, { Adam($0.parameters, lr: 1e-3) }, { crossEntropy($0($1), $2) }) {
      generator in
      (
        Tensor.randn([8, 1, 28, 28], generator: generator),
        Tensor.randint(10, [8], generator: generator)
      )
    }
  }

  final class Block: Module {
    let conv1: Conv2d
    let norm1: BatchNorm2d
    let conv2: Conv2d
    let norm2: BatchNorm2d
    let shortcut: Sequential?
    init(_ input: Int, _ output: Int, stride: Int) {
      conv1 = Conv2d(input, output, kernelSize: 3, stride: stride, padding: 1, bias: false)
      norm1 = BatchNorm2d(output)
      conv2 = Conv2d(output, output, kernelSize: 3, padding: 1, bias: false)
      norm2 = BatchNorm2d(output)
      shortcut =
        stride == 1 && input == output
        ? nil
        : Sequential(
          Conv2d(input, output, kernelSize: 1, stride: stride, bias: false), BatchNorm2d(output))
      super.init()
    }
    func forward(_ x: Tensor) -> Tensor {
      let y = norm2(conv2(norm1(conv1(x)).relu()))
      return (y + (shortcut.map { $0(x) } ?? x)).relu()
    }
  }

  final class ResNet: Module {
    let conv = Conv2d(3, 4, kernelSize: 3, padding: 1, bias: false)
    let norm = BatchNorm2d(4)
    let blocks = Sequential(
      Block(4, 4, stride: 1), Block(4, 4, stride: 1), Block(4, 8, stride: 2),
      Block(8, 8, stride: 1), Block(8, 16, stride: 2), Block(16, 16, stride: 1))
    let head = Linear(16, 10)
    func forward(_ x: Tensor) -> Tensor {
      head(blocks(norm(conv(x)).relu()).mean(dims: [2, 3]))
    }
  }

  @Test func residualBlocksWithMomentum() {
    compare(
      ResNet.init, { SGD($0.parameters, lr: 0.05, momentum: 0.9, weightDecay: 5e-4) },
      { crossEntropy($0($1), $2) }
    ) { generator in
      (
        Tensor.randn([4, 3, 12, 12], generator: generator),
        Tensor.randint(10, [4], generator: generator)
      )
    }
  }

  final class Layer: Module {
    let norm1 = LayerNorm(32)
    let qkv = Linear(32, 96)
    let projection = Linear(32, 32)
    let norm2 = LayerNorm(32)
    let up = Linear(32, 64)
    let down = Linear(64, 32)
    func forward(_ x: Tensor) -> Tensor {
      let (b, t, c) = (x.shape[0], x.shape[1], x.shape[2])
      let parts = qkv(norm1(x)).chunk(3, dim: -1).map {
        $0.reshape([b, t, 4, c / 4]).transpose(1, 2)
      }
      let y = scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true)
      let a = x + projection(y.transpose(1, 2).reshape([b, t, c]))
      return a + down(up(norm2(a)).gelu())
    }
  }

  final class Transformer: Module {
    let tokens = Embedding(20, 32)
    let positions = Embedding(16, 32)
    let layers = Sequential(Layer(), Layer())
    let norm = LayerNorm(32)
    let head = Linear(32, 20)
    func forward(_ x: Tensor) -> Tensor {
      let place = positions(Tensor.arange(x.shape[1]))
      return head(norm(layers(tokens(x) + place)))
    }
  }

  @Test func transformerWithAdamW() {
    compare(
      Transformer.init, { AdamW($0.parameters, lr: 1e-3) },
      { crossEntropy($0($1).reshape([-1, 20]), $2.reshape([-1])) }
    ) { generator in
      let x = Tensor.randint(20, [4, 16], generator: generator)
      return (x, x.roll([-1], dims: [1]))
    }
  }

  final class Recurrent: Module {
    let lstm = LSTM(6, 12, batchFirst: true)
    let head = Linear(12, 3)
    func forward(_ x: Tensor) -> Tensor { head(lstm(x).output[0..., -1]) }
  }

  @Test func recurrentWithAdam() {
    compare(Recurrent.init, { Adam($0.parameters, lr: 1e-2) }, { crossEntropy($0($1), $2) }) {
      generator in
      (
        Tensor.randn([4, 9, 6], generator: generator),
        Tensor.randint(3, [4], generator: generator)
      )
    }
  }
}

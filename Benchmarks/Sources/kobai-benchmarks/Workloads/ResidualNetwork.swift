import Kobai

/// ResNet-18 (He et al., 2015) for 32 × 32 images: the first convolution is 3 × 3 and nothing is pooled
/// after it. Batch 16, SGD with momentum.
let residualStep = training("resnet18", flops: 16 * 3 * 1.1108e9) { draws in
  let net = ResNet18()
  return (
    net, { SGD($0, lr: 0.01, momentum: 0.9) }, draws.uniform([16, 3, 32, 32]),
    draws.integers([16], below: 10), { crossEntropy(net($0), $1) }
  )
}

private final class ResNet18: Module {
  let conv1 = Conv2d(3, 64, kernelSize: 3, padding: 1, bias: false)
  let bn1 = BatchNorm2d(64)
  let blocks = Sequential {
    Block(64, 64)
    Block(64, 64)
    Block(64, 128, stride: 2)
    Block(128, 128)
    Block(128, 256, stride: 2)
    Block(256, 256)
    Block(256, 512, stride: 2)
    Block(512, 512)
  }
  let fc = Linear(512, 10)

  func forward(_ x: Tensor) -> Tensor {
    fc(blocks(bn1(conv1(x)).relu()).mean(dims: [2, 3]))
  }
}

private final class Block: Module {
  let conv1: Conv2d
  let bn1: BatchNorm2d
  let conv2: Conv2d
  let bn2: BatchNorm2d
  let shortcut: Sequential?

  init(_ inChannels: Int, _ outChannels: Int, stride: Int = 1) {
    conv1 = Conv2d(
      inChannels, outChannels, kernelSize: 3, stride: stride, padding: 1, bias: false)
    bn1 = BatchNorm2d(outChannels)
    conv2 = Conv2d(outChannels, outChannels, kernelSize: 3, padding: 1, bias: false)
    bn2 = BatchNorm2d(outChannels)
    shortcut =
      stride == 1
      ? nil
      : Sequential {
        Conv2d(inChannels, outChannels, kernelSize: 1, stride: stride, bias: false)
        BatchNorm2d(outChannels)
      }
  }

  func forward(_ x: Tensor) -> Tensor {
    let y = bn2(conv2(bn1(conv1(x)).relu()))
    return (y + (shortcut?(x) ?? x)).relu()
  }
}

import CKernels
import KobaiOperators
import KobaiTensor

extension Sequential {
  /// How many modules `pooledConvolution` stands for.
  static let pooledConvolutionLength = 3

  /// The output of `Conv2d`, `ReLU` and `MaxPool2d(2)` that stand at a position, the last two in either
  /// order, in one pass over memory; nil where something else stands there, and where somebody looks at what
  /// lies between them.
  func pooledConvolution(at position: Int, _ x: Tensor) -> Tensor? {
    guard position + Self.pooledConvolutionLength <= layers.count,
      type(of: layers[position].module) == Conv2d.self
    else { return nil }
    let isPoolLast = type(of: layers[position + 2].module) == MaxPool2d.self
    guard
      let convolution = layers[position].module as? Conv2d,
      let relu = layers[position + (isPoolLast ? 1 : 2)].module as? ReLU,
      let pool = layers[position + (isPoolLast ? 2 : 1)].module as? MaxPool2d,
      !convolution.hasHooks, !relu.hasHooks, !pool.hasHooks, convolution.paddingMode == .constant,
      kb_context_flags() & UInt32(KB_CONTEXT_ANOMALY) == 0
    else { return nil }
    return pool.scoped {
      x.conv2dReluMaxPool2d(
        convolution.weight, bias: convolution.bias, stride: convolution.stride,
        padding: convolution.padding, dilation: convolution.dilation, groups: convolution.groups,
        pool: (pool.kernelSize, pool.stride, pool.padding, pool.dilation, pool.ceilMode))
    }
  }
}

import CKernels
import KobaiTensor

extension BiasableConvolution {
  package func rowRank(of shape: Shape) -> Int { shape.count - 2 }

  package func kernel(_ inputs: [StridedType], to output: StridedType) -> TailedKernel? {
    guard (inputs + [output]).allSatisfy(\.layout.isContiguous) else { return nil }
    return contiguousKernel(inputs)
  }

  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let run = contiguousKernel(inputs)
    return .onContiguous(inputs, to: outputs) { memory in
      run(memory, nil)
      return true
    }
  }
}

extension Primitives.Convolution {
  func contiguousKernel(_ inputs: [StridedType]) -> TailedKernel {
    let (x, w, count) = (inputs[0].shape, inputs[1].shape, inputs.count)
    let dtype = inputs[0].dtype.code
    let conv = convolution(batch: x[0], inChannels: x[1], outChannels: w[0])
    return { memory, tail in
      var conv = conv
      kb_conv_forward(
        dtype, &conv, memory[0], memory[1], count > 2 ? memory[2] : nil, memory[count], tail)
    }
  }
}

extension Primitives.ConvolutionInputGradient {
  func contiguousKernel(_ inputs: [StridedType]) -> TailedKernel {
    let (dy, w, count) = (inputs[0].shape, inputs[1].shape, inputs.count)
    let dtype = inputs[0].dtype.code
    let conv = convolution(batch: dy[0], inChannels: w[1] * groups, outChannels: dy[1])
    return { memory, tail in
      var conv = conv
      kb_conv_input_gradient(
        dtype, &conv, memory[0], memory[1], count > 2 ? memory[2] : nil, memory[count], tail)
    }
  }
}

extension Primitives.ConvolutionWeightGradient {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (x, dy) = (inputs[0].shape, inputs[1].shape)
    let dtype = inputs[0].dtype.code
    let conv = convolution(batch: x[0], inChannels: x[1], outChannels: dy[1])
    return .onContiguous(inputs, to: outputs) { memory in
      var conv = conv
      kb_conv_weight_gradient(dtype, &conv, memory[0], memory[1], memory[2])
      return true
    }
  }
}

/// The convolution's own, whose kernel takes a third operand.
extension Primitives.BiasedConvolution: TailedPrimitive {
  package func rowRank(of shape: Shape) -> Int { convolution.rowRank(of: shape) }
  package func kernel(_ inputs: [StridedType], to output: StridedType) -> TailedKernel? {
    convolution.kernel(inputs, to: output)
  }
  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    convolution.prepare(inputs, to: outputs)
  }
}

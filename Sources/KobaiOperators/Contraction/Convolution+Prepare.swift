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

extension Primitives.PooledConvolution {
  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (x, w, count) = (inputs[0].shape, inputs[1].shape, inputs.count)
    let dtype = inputs[0].dtype.code
    let conv = convolution.convolution(batch: x[0], inChannels: x[1], outChannels: w[0])
    return .onContiguous(inputs, to: outputs) { memory in
      var conv = conv
      kb_conv_pooled_forward(
        dtype, &conv, memory[0], memory[1], count > 2 ? memory[2] : nil, memory[count],
        memory[count + 1].assumingMemoryBound(to: UInt8.self))
      return true
    }
  }
}

extension Primitives.PooledConvolutionGradient {
  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (x, w, dtype) = (inputs[2].shape, inputs[3].shape, inputs[2].dtype.code)
    let conv = convolution.convolution(batch: x[0], inChannels: x[1], outChannels: w[0])
    // Where each wanted gradient lies among the operands.
    var next = inputs.count
    let places = wanted.map { isWanted -> Int? in
      defer { next += isWanted ? 1 : 0 }
      return isWanted ? next : nil
    }
    let (dx, dw, db) = (places[0], places[1], places[2])
    return .onContiguous(inputs, to: outputs) { memory in
      var conv = conv
      kb_conv_pooled_gradient(
        dtype, &conv, memory[2], memory[3], memory[0],
        memory[1].assumingMemoryBound(to: UInt8.self), dx.map { memory[$0] },
        dw.map { memory[$0] }, db.map { memory[$0] })
      return true
    }
  }
}

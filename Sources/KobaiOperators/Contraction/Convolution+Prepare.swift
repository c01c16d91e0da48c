import CKernels
import KobaiTensor

extension Primitives.Convolution {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (x, w, count) = (inputs[0].shape, inputs[1].shape, inputs.count)
    let dtype = inputs[0].dtype.code
    let conv = convolution(batch: x[0], inChannels: x[1], outChannels: w[0])
    return .onContiguous(inputs, to: outputs) { memory in
      var conv = conv
      kb_conv_forward(
        dtype, &conv, memory[0], memory[1], count > 2 ? memory[2] : nil, memory[count])
      return true
    }
  }
}

extension Primitives.ConvolutionInputGradient {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dy, w, count) = (inputs[0].shape, inputs[1].shape, inputs.count)
    let dtype = inputs[0].dtype.code
    let conv = convolution(batch: dy[0], inChannels: w[1] * groups, outChannels: dy[1])
    return .onContiguous(inputs, to: outputs) { memory in
      var conv = conv
      kb_conv_input_gradient(
        dtype, &conv, memory[0], memory[1], count > 2 ? memory[2] : nil, memory[count])
      return true
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

extension Primitives.BiasedConvolution {
  /// The convolution's own, whose kernel takes a third operand.
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

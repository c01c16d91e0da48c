import CKernels
import KobaiTensor

extension Primitives.Flip {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (layout, size) = (inputs[0].layout, inputs[0].dtype.size)
    guard outputs[0].layout.isContiguous, layout.count > 0 else { return nil }
    var strides = layout.strides
    var first = 0
    for d in dims {
      first += (layout.shape[d] - 1) * strides[d]
      strides[d] = -strides[d]
    }
    let (sizes, offset) = (StridedLayout(outputs[0].layout), first * size)
    // The strides as sizes of a layout.
    let steps = StridedLayout(Layout(shape: strides, strides: strides))
    return .kernel(mayReplace: []) { memory in
      kb_copy(size, sizes.rank, sizes.sizes, memory[0] + offset, steps.sizes, memory[1], nil)
      return true
    }
  }
}

extension Primitives.Triangle {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous else { return nil }
    let (x, size) = (StridedLayout(inputs[0].layout), inputs[0].dtype.size)
    let (isUpper, diagonal) = (isUpper, diagonal)
    return .kernel(mayReplace: []) { memory in
      kb_triangle(isUpper, diagonal, size, x.rank, x.sizes, memory[0], x.strides, memory[1])
      return true
    }
  }
}

extension Primitives.DiagonalView {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (strides, offset) = diagonal.place(in: inputs[0].layout.strides)
    return .view(Layout(shape: diagonal.shape, strides: strides), offset: offset)
  }
}

extension Primitives.DiagonalEmbed {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous else { return nil }
    let (x, size) = (StridedLayout(inputs[0].layout), inputs[0].dtype.size)
    let (strides, first) = diagonal.place(in: outputs[0].layout.strides)
    // The strides as sizes of a layout.
    let steps = StridedLayout(Layout(shape: strides, strides: strides))
    let (bytes, offset) = (outputs[0].layout.count * size, first * size)
    return .kernel(mayReplace: []) { memory in
      memory[1].initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      if x.count == 0 { return true }
      kb_copy(size, x.rank, x.sizes, memory[0], x.strides, memory[1] + offset, steps.sizes)
      return true
    }
  }
}

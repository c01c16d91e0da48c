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

extension Primitives.Roll {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (layout, size) = (inputs[0].layout, inputs[0].dtype.size)
    guard outputs[0].layout.isContiguous, layout.count > 0 else { return nil }
    let (strides, steps) = (layout.strides, outputs[0].layout.strides)
    let moves = parts(layout.shape).map { part in
      (
        sizes: StridedLayout(Layout(shape: part.shape, strides: steps)),
        from: part.from * strides[dim] * size, to: part.to * steps[dim] * size
      )
    }
    // The strides as sizes of a layout.
    let source = StridedLayout(Layout(shape: strides, strides: strides))
    return .kernel(mayReplace: []) { memory in
      for move in moves {
        kb_copy(
          size, move.sizes.rank, move.sizes.sizes, memory[0] + move.from, source.sizes,
          memory[1] + move.to, move.sizes.strides)
      }
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

extension Primitives.SliceUpdate {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous else { return nil }
    let (x, part) = (StridedLayout(inputs[0].layout), StridedLayout(inputs[1].layout))
    let (strides, first) = region.place(in: outputs[0].layout.strides)
    // The strides as sizes of a layout.
    let steps = StridedLayout(Layout(shape: strides, strides: strides))
    let size = inputs[0].dtype.size
    let offset = first * size
    // Not in the memory of an input: the part may show elements of the first.
    return .kernel(mayReplace: []) { memory in
      kb_copy(size, x.rank, x.sizes, memory[0], x.strides, memory[2], nil)
      if part.count == 0 { return true }
      kb_copy(
        size, part.rank, part.sizes, memory[1], part.strides, memory[2] + offset, steps.sizes)
      return true
    }
  }
}

extension Primitives.Pad {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (mode, size, source) = (mode.rawValue, inputs[0].dtype.size, source)
    let (before, after, value) = (before, after, (value?.low ?? 0, value?.high ?? 0))
    return .onContiguous(inputs, to: outputs) { memory in
      withUnsafeBytes(of: value) {
        kb_pad(
          mode, size, source.count, source, before, after, memory[0], $0.baseAddress, memory[1])
      }
      return true
    }
  }
}

extension Primitives.PadTranspose {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (mode, dtype, source) = (mode.rawValue, inputs[0].dtype.code, source)
    let (before, after) = (before, after)
    return .onContiguous(inputs, to: outputs) { memory in
      kb_pad_gradient(mode, dtype, source.count, source, before, after, memory[0], memory[1])
      return true
    }
  }
}

extension Primitives.Interpolate {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes, kernel) = (inputs[0].dtype.code, inputs[0].planes(input.count), kernel)
    return .onContiguous(inputs, to: outputs) { memory in
      var kernel = kernel
      kb_interpolate(dtype, &kernel, planes, memory[0], memory[1])
      return true
    }
  }
}

extension Primitives.InterpolateTranspose {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(interpolation.input.count))
    let kernel = interpolation.kernel
    return .onContiguous(inputs, to: outputs) { memory in
      var kernel = kernel
      kb_interpolate_gradient(dtype, &kernel, planes, memory[0], memory[1])
      return true
    }
  }
}

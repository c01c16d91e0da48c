import CKernels
import KobaiTensor

extension Primitives.MaxPoolValues {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(geometry.rank))
    let window = geometry.window
    return .onContiguous(inputs, to: outputs) { memory in
      var window = window
      kb_max_pool(dtype, &window, planes, memory[0], memory[1], nil)
      return true
    }
  }
}

extension Primitives.MaxPool {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(geometry.rank))
    let window = geometry.window
    return .onContiguous(inputs, to: outputs) { memory in
      var window = window
      kb_max_pool(
        dtype, &window, planes, memory[0], memory[1],
        memory[2].assumingMemoryBound(to: Int64.self))
      return true
    }
  }
}

extension Primitives.WindowMaximum {
  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(geometry.rank))
    let window = geometry.window
    return .onContiguous(inputs, to: outputs) { memory in
      var window = window
      kb_max_pool_which(
        dtype, &window, planes, memory[0], memory[1],
        memory[2].assumingMemoryBound(to: UInt8.self))
      return true
    }
  }
}

extension Primitives.PoolGather {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(input.count))
    let (size, count) = (input.reduce(1, *), inputs[1].layout.count / max(planes, 1))
    return .onContiguous(inputs, to: outputs) { memory in
      kb_pool_gather(
        dtype, planes, size, count, memory[1].assumingMemoryBound(to: Int64.self), memory[0],
        memory[2])
      return true
    }
  }
}

extension Primitives.PoolScatter {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(input.count))
    let (size, count) = (input.reduce(1, *), inputs[1].layout.count / max(planes, 1))
    return .onContiguous(inputs, to: outputs) { memory in
      kb_pool_scatter(
        dtype, planes, size, count, memory[1].assumingMemoryBound(to: Int64.self), memory[0],
        memory[2])
      return true
    }
  }
}

extension Primitives.AveragePool {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(geometry.rank))
    let (window, countIncludePad, divisor) = (geometry.window, countIncludePad, divisor)
    return .onContiguous(inputs, to: outputs) { memory in
      var window = window
      kb_average_pool(dtype, &window, planes, countIncludePad, divisor, memory[0], memory[1])
      return true
    }
  }
}

extension Primitives.AveragePoolTranspose {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(pool.geometry.rank))
    let (window, countIncludePad, divisor) = (
      pool.geometry.window, pool.countIncludePad, pool.divisor
    )
    return .onContiguous(inputs, to: outputs) { memory in
      var window = window
      kb_average_pool_gradient(
        dtype, &window, planes, countIncludePad, divisor, memory[0], memory[1])
      return true
    }
  }
}

extension Primitives.AdaptiveAveragePool {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(input.count))
    let ones = [Int](repeating: 1, count: 3 - input.count)
    let (input, output) = (ones + input, ones + output)
    return .onContiguous(inputs, to: outputs) { memory in
      kb_adaptive_average_pool(dtype, input, output, planes, memory[0], memory[1])
      return true
    }
  }
}

extension Primitives.AdaptiveAveragePoolTranspose {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(pool.input.count))
    let ones = [Int](repeating: 1, count: 3 - pool.input.count)
    let (input, output) = (ones + pool.input, ones + pool.output)
    return .onContiguous(inputs, to: outputs) { memory in
      kb_adaptive_average_pool_gradient(dtype, input, output, planes, memory[0], memory[1])
      return true
    }
  }
}

extension Primitives.AdaptiveMaxPool {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(input.count))
    let ones = [Int](repeating: 1, count: 3 - input.count)
    let (input, output) = (ones + input, ones + output)
    return .onContiguous(inputs, to: outputs) { memory in
      kb_adaptive_max_pool(
        dtype, input, output, planes, memory[0], memory[1],
        memory[2].assumingMemoryBound(to: Int64.self))
      return true
    }
  }
}

extension Primitives.WindowSpread {
  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(geometry.rank))
    let window = geometry.window
    return .onContiguous(inputs, to: outputs) { memory in
      var window = window
      kb_pool_spread(
        dtype, &window, planes, memory[0], memory[1].assumingMemoryBound(to: UInt8.self),
        memory[2])
      return true
    }
  }
}

extension Primitives.WindowChoice {
  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, planes) = (inputs[0].dtype.code, inputs[0].planes(geometry.rank))
    let window = geometry.window
    return .onContiguous(inputs, to: outputs) { memory in
      var window = window
      kb_pool_choose(
        dtype, &window, planes, memory[0], memory[1].assumingMemoryBound(to: UInt8.self),
        memory[2])
      return true
    }
  }
}

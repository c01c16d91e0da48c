import CKernels
import KobaiTensor

extension Primitives.Extremum {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, kind) = (inputs[0].dtype.code, largest ? KB_REDUCE_MAX : KB_REDUCE_MIN)
    return Reduced.prepare(inputs[0], reduced, to: outputs[0]) {
      kb_reduce(kind, dtype, dtype, $0, $1, $2, $3, $4, $5)
    }
  }
}

extension Primitives.ArgExtremum {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, largest) = (inputs[0].dtype.code, largest)
    return Reduced.prepare(inputs[0], [dim], to: outputs[0]) {
      kb_arg_reduce(
        largest, dtype, $0, $1, $2, $3, $4, nil, $5.assumingMemoryBound(to: Int64.self))
    }
  }
}

extension Primitives.CountNonzero {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (from, to, kind) = (inputs[0].dtype.code, outputs[0].dtype.code, kind)
    return Reduced.prepare(inputs[0], reduced, to: outputs[0]) {
      kb_reduce(kind, from, to, $0, $1, $2, $3, $4, $5)
    }
  }
}

extension Primitives.Norm {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (from, to, p) = (inputs[0].dtype.code, outputs[0].dtype.code, p)
    return Reduced.prepare(inputs[0], reduced, to: outputs[0]) {
      kb_norm(p, from, to, $0, $1, $2, $3, $4, $5)
    }
  }
}

extension Primitives.Variance {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (dtype, correction, deviation) = (inputs[0].dtype.code, correction, deviation)
    return Reduced.prepare(inputs[0], reduced, to: outputs[0]) {
      kb_variance(dtype, $0, $1, $2, $3, $4, correction, deviation, $5, nil)
    }
  }
}

extension Primitives.LogSumExp {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let dtype = inputs[0].dtype.code
    return Reduced.prepare(inputs[0], reduced, to: outputs[0]) {
      kb_reduce(KB_REDUCE_LOGSUMEXP, dtype, dtype, $0, $1, $2, $3, $4, $5)
    }
  }
}

extension Primitives.CumulativeSum {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous else { return nil }
    let (dtype, x) = (inputs[0].dtype.code, StridedLayout(inputs[0].layout))
    let (dim, reversed) = (dim, reversed)
    return .kernel(mayReplace: []) { memory in
      kb_scan(
        KB_SCAN_SUM, dtype, dtype, x.rank, x.sizes, dim, reversed, memory[0], x.strides, memory[1],
        nil)
      return true
    }
  }
}

import CKernels
import KobaiTensor

extension Primitives.SortIndices {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous else { return nil }
    let (x, dtype) = (StridedLayout(inputs[0].layout), inputs[0].dtype.code)
    let (dim, descending) = (dim, descending)
    return .kernel(mayReplace: []) { memory in
      kb_sort(
        dtype, x.rank, x.sizes, dim, descending, memory[0], x.strides, nil,
        memory[1].assumingMemoryBound(to: Int64.self))
      return true
    }
  }
}

extension Primitives.TopKIndices {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard outputs[0].layout.isContiguous else { return nil }
    let (x, dtype) = (StridedLayout(inputs[0].layout), inputs[0].dtype.code)
    let (dim, k, largest, sorted) = (dim, k, largest, sorted)
    return .kernel(mayReplace: []) { memory in
      kb_topk(
        dtype, x.rank, x.sizes, dim, k, largest, sorted, memory[0], x.strides, nil,
        memory[1].assumingMemoryBound(to: Int64.self))
      return true
    }
  }
}

import CKernels
import KobaiTensor

extension Primitives.CrossEntropy {
  private func call(_ x: StridedType) -> kb_cross_entropy {
    kb_cross_entropy(
      dtype: x.dtype.code, rows: x.shape[0], classes: x.shape[1], ignored: Int64(ignoreIndex),
      smoothing: labelSmoothing)
  }

  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (call, hasWeight, losses) = (call(inputs[0]), hasWeight, inputs.count)
    return .onContiguous(inputs, to: outputs) { memory in
      var call = call
      var bad: Int64 = 0
      return kb_cross_entropy_forward(
        &call, memory[0], memory[1].assumingMemoryBound(to: Int64.self),
        hasWeight ? memory[2] : nil, memory[losses], memory[losses + 1], &bad) == 0
    }
  }

  func prepareGradient(
    _ operands: [StridedType], to results: [StridedType], _ places: GradientPlaces
  ) -> Prepared? {
    // That of the weight is made by ordinary operations.
    guard let cotangent = places.cotangents[0], let result = places.results[0],
      results.count == 1
    else { return nil }
    let x = places.inputs
    let (call, stride) = (call(operands[x]), operands[cotangent].layout.strides[0])
    let (weight, statistics) = (hasWeight ? x + 2 : nil, places.outputs + 1)
    return .onContiguous(operands, to: results, except: [cotangent]) { memory in
      var call = call
      kb_cross_entropy_backward(
        &call, memory[cotangent], stride, memory[x],
        memory[x + 1].assumingMemoryBound(to: Int64.self),
        weight.map { UnsafeRawPointer(memory[$0]) },
        memory[statistics], memory[result])
      return true
    }
  }
}

import CKernels
import KobaiTensor

extension Primitives.Attention {
  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (out, statistics) = (inputs.count, inputs.count + 1)
    guard outputs[1].layout.isContiguous, outputs[0].layout.isDense else { return nil }
    let operands = (inputs + [outputs[0]]).map(\.layout)
    let call = PreparedAttention(call(inputs), operands)
    let mask = hasMask ? 3 : nil
    return .kernel(mayReplace: []) { memory in
      kb_attention_forward(
        call.pointer, call.operand(0, memory[0]), call.operand(1, memory[1]),
        call.operand(2, memory[2]), mask.map { call.operand($0, memory[$0]) } ?? .none,
        call.operand(out, memory[out]), memory[statistics])
      return true
    }
  }

  func prepareGradient(
    _ operands: [StridedType], to results: [StridedType], _ places: GradientPlaces
  ) -> Prepared? {
    guard let dout = places.cotangents[0], results.allSatisfy(\.layout.isDense) else { return nil }
    let (first, out, statistics) = (places.inputs, places.outputs, places.outputs + 1)
    let all = operands + results
    let inputs = Array(operands[first..<out])
    let call = PreparedAttention(call(inputs), all.map(\.layout))
    let (hasMask, wanted) = (hasMask, places.results)
    return .onContiguous(
      operands, operandCount: all.count,
      except: Set(operands.indices).subtracting([statistics])
    ) { memory in
      func operand(_ i: Int?) -> kb_attention_operand {
        i.map { call.operand($0, memory[$0]) } ?? .none
      }
      kb_attention_backward(
        call.pointer, operand(first), operand(first + 1), operand(first + 2),
        operand(hasMask ? first + 3 : nil), operand(out), memory[statistics], operand(dout),
        operand(wanted[0]), operand(wanted[1]), operand(wanted[2]),
        operand(hasMask ? wanted[3] : nil))
      return true
    }
  }

  private func call(_ inputs: [StridedType]) -> kb_attention {
    let (q, k, v) = (inputs[0], inputs[1].shape, inputs[2].shape)
    let rank = q.shape.count
    return kb_attention(
      dtype: q.dtype.code, rank: rank - 2, dims: nil, queries: q.shape[rank - 2],
      keys: k[rank - 2], width: q.shape[rank - 1], value_width: v[rank - 1],
      causal: isCausal, scale: scale, mask_dtype: (hasMask ? inputs[3] : q).dtype.code)
  }
}

extension kb_attention_operand {
  fileprivate static var none: kb_attention_operand { kb_attention_operand() }
}

extension Layout {
  /// Whether the elements fill a block of memory, in whatever order.
  fileprivate var isDense: Bool {
    if isContiguous { return true }
    var expected = 1
    for (stride, size) in zip(strides, shape).sorted(by: { $0.0 < $1.0 }) where size > 1 {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }
}

/// A call with the sizes and strides of its operands.
///
/// `@unchecked Sendable`: immutable.
private final class PreparedAttention: @unchecked Sendable {
  private let call: UnsafeMutablePointer<kb_attention>
  /// The sizes of the leading dimensions, then the strides of each operand.
  private let numbers: UnsafeMutablePointer<Int>
  private let rank: Int

  init(_ attention: kb_attention, _ operands: [Layout]) {
    rank = operands[0].rank
    numbers = .allocate(capacity: (operands.count + 1) * rank)
    numbers.initialize(repeating: 0, count: (operands.count + 1) * rank)
    for (d, size) in operands[0].shape.enumerated() { numbers[d] = size }
    for (i, layout) in operands.enumerated() where layout.rank == rank {
      for (d, stride) in layout.strides.enumerated() { numbers[(i + 1) * rank + d] = stride }
    }
    call = .allocate(capacity: 1)
    call.initialize(to: attention)
    call.pointee.dims = UnsafePointer(numbers)
  }

  deinit {
    call.deallocate()
    numbers.deallocate()
  }

  var pointer: UnsafePointer<kb_attention> { UnsafePointer(call) }

  func operand(_ i: Int, _ data: UnsafeMutableRawPointer) -> kb_attention_operand {
    kb_attention_operand(data: data, strides: numbers + (i + 1) * rank)
  }
}

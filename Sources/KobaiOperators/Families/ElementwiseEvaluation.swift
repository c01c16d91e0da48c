import CKernels
import KobaiTensor

// Elementwise programs on values: rank-0 elements without memory, contiguous arrays directly, any other
// layout through the strided kernels.

@usableFromInline
package enum ElementwiseEvaluation {
  @inlinable
  static func unary(_ program: Program, _ x: Value) -> Value {
    if case .instruction(let opcode) = program {
      let result: DType = opcode.isPredicate ? .bool : x.dtype
      guard let body = x.body else {
        return Value(
          bits: kb_unary_scalar(opcode.raw, x.dtype.code, x.bits), dtype: result)
      }
      if body.layout.isContiguous {
        let y = Body(layout: body.layout, dtype: result)
        _ = kb_unary(opcode.raw, x.dtype.code, body.layout.count, body.pointer, y.pointer)
        return Value(body: y, dtype: result)
      }
    }
    return strided(program, [x])
  }

  @inlinable
  static func binary(_ program: Program, _ x: Value, _ y: Value, _ name: StaticString) -> Value {
    if case .instruction(let opcode) = program {
      let result: DType = opcode.isPredicate ? .bool : x.dtype
      var status: kb_status = 0
      switch (x.body, y.body) {
      case (nil, nil):
        let bits = kb_binary_scalar(opcode.raw, x.dtype.code, x.bits, y.bits, &status)
        if status != 0 { return failed(status, name) }
        return Value(bits: bits, dtype: result)
      case (let a?, let b?):
        guard a.layout === b.layout || a.layout.shape == b.layout.shape, a.layout.isContiguous,
          b.layout.isContiguous
        else { break }
        let z = Body(layout: a.layout, dtype: result)
        status = kb_binary(
          opcode.raw, x.dtype.code, a.layout.count, a.pointer, false, b.pointer, false, z.pointer)
        return status == 0 ? Value(body: z, dtype: result) : failed(status, name)
      case (let a?, nil):
        guard a.layout.isContiguous else { break }
        let z = Body(layout: a.layout, dtype: result)
        status = withUnsafePointer(to: y.bits) {
          kb_binary(
            opcode.raw, x.dtype.code, a.layout.count, a.pointer, false, $0, true, z.pointer)
        }
        return status == 0 ? Value(body: z, dtype: result) : failed(status, name)
      case (nil, let b?):
        guard b.layout.isContiguous else { break }
        let z = Body(layout: b.layout, dtype: result)
        status = withUnsafePointer(to: x.bits) {
          kb_binary(
            opcode.raw, x.dtype.code, b.layout.count, $0, true, b.pointer, false, z.pointer)
        }
        return status == 0 ? Value(body: z, dtype: result) : failed(status, name)
      }
    }
    return strided(program, [x, y], name)
  }

  /// Any program, any layouts; a rank-0 input stands for all elements.
  @usableFromInline
  package static func strided(
    _ program: Program, _ inputs: [Value], _ name: StaticString = ""
  ) -> Value {
    let layout = (inputs.first { $0.layout.rank > 0 } ?? inputs[0]).layout
    var raw: kb_program
    switch program {
    case .instruction(let opcode): raw = kb_program_single(opcode.raw, UInt16(inputs.count))
    case .composed(let composition): raw = composition.program
    }
    let dtype = inputs[0].dtype
    var status: kb_status = 0
    let result = Value.make(program.isPredicate ? .bool : dtype, layout.contiguous) { out in
      withElements(inputs, rank: layout.rank) { pointers, strides in
        status = kb_elementwise(
          &raw, dtype.code, layout.rank, layout.shape, pointers, strides, out)
      }
    }
    return status == 0 ? result : failed(status, name)
  }

  /// Calls `body` with each value's first element and strides; those of a number are zeros.
  private static func withElements(
    _ values: [Value], rank: Int,
    _ body: (UnsafePointer<UnsafeRawPointer?>, UnsafePointer<UnsafePointer<Int>?>) -> Void
  ) {
    let count = values.count
    withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: count) { pointers in
      withUnsafeTemporaryAllocation(of: UnsafePointer<Int>?.self, capacity: count) { strides in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: max(rank, 1)) { zeros in
          zeros.initialize(repeating: 0)
          let none = UnsafePointer(zeros.baseAddress!)
          func next(_ i: Int) {
            guard i < count else {
              return body(UnsafePointer(pointers.baseAddress!), UnsafePointer(strides.baseAddress!))
            }
            values[i].withElements { pointer, steps in
              let isNumber = rank > 0 && values[i].layout.rank == 0
              pointers.initializeElement(at: i, to: pointer)
              strides.initializeElement(at: i, to: isNumber ? none : steps)
              next(i + 1)
            }
          }
          next(0)
        }
      }
    }
  }

  @usableFromInline
  static func failed(_ status: kb_status, _ name: StaticString) -> Value {
    let reason =
      switch Int(status) {
      case KB_DIVIDE_BY_ZERO: "division of an integer by zero"
      case KB_NEGATIVE_POWER: "integers to negative integer powers are not allowed"
      default: "a value is out of range"
      }
    return misuse("\(name): \(reason); convert to a floating point dtype first", else: .poison)
  }
}

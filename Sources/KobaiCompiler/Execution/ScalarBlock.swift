import CKernels
import KobaiOperators
import KobaiTensor

/// Operations on single elements that follow each other: numbers in words, without kernels.
struct ScalarBlock {
  struct Operation {
    let opcode: kb_opcode
    let dtype: DType
    let result: DType
    let x, y, z: Int  // y is negative for one operand
  }
  private(set) var operations: [Operation] = []

  /// nil if the step is no such operation.
  static func operation(_ step: Graph.Step, _ graph: Graph) -> Operation? {
    guard step.outputs.count == 1, step.inputs.count <= 2,
      step.inputs.allSatisfy({ graph.types[$0].shape.isEmpty }),
      let x = step.inputs.first
    else { return nil }
    let dtype = graph.types[x].dtype
    let program: Program
    switch step.primitive {
    case let unary as any UnaryElementwise: program = unary.program
    case let binary as any BinaryElementwise: program = binary.program
    default: return nil
    }
    // Division of integers can fail, and complex128 does not fit into a word.
    guard case .instruction(let opcode) = program, dtype.isFloatingPoint || dtype == .complex64
    else { return nil }
    return Operation(
      opcode: opcode.raw, dtype: dtype, result: graph.types[step.outputs[0]].dtype, x: x,
      y: step.inputs.count > 1 ? step.inputs[1] : -1, z: step.outputs[0])
  }

  mutating func append(_ operation: Operation) { operations.append(operation) }

  func run(_ slots: Slots) {
    for operation in operations {
      let x = slots[operation.x].bits
      let bits =
        operation.y < 0
        ? kb_unary_scalar(operation.opcode, operation.dtype.code, x)
        : kb_binary_scalar(
          operation.opcode, operation.dtype.code, x, slots[operation.y].bits, nil)
      slots[operation.z] = Value(bits: bits, dtype: operation.result)
    }
  }
}

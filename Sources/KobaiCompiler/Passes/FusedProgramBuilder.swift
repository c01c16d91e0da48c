import CKernels
import KobaiOperators
import KobaiTensor

/// Writes the program of a group of float32 or float64 operations with several results.
struct FusedProgramBuilder {
  private let program: UnsafeMutablePointer<kb_fused_program>
  private let dtype: DType
  private let graph: Graph
  private let constants: [Int: Value]
  private(set) var inputs: [Int] = []
  private var operands: [Int: UInt16] = [:]

  init(_ graph: Graph, _ constants: [Int: Value], _ dtype: DType) {
    program = kb_fused_program_make(dtype.code)
    (self.graph, self.constants, self.dtype) = (graph, constants, dtype)
  }

  func discard() { kb_fused_program_free(program) }

  /// The dtype in which a step computes as a member of a group, with `any` for steps on flags alone; nil if
  /// it cannot be one.
  enum Computing: Equatable { case flags, dtype(DType) }

  static func computing(_ step: Graph.Step, _ graph: Graph) -> Computing? {
    guard step.outputs.count == 1 else { return nil }
    let types = step.inputs.map { graph.types[$0].dtype }
    let dtype: DType
    switch step.primitive {
    case let unary as any UnaryElementwise:
      if types[0] == .bool { return isLogical(unary.program) ? .flags : nil }
      dtype = types[0]
    case let binary as any BinaryElementwise:
      if types[0] == .bool { return isLogical(binary.program) ? .flags : nil }
      dtype = types[0]
    case is Primitives.Where: dtype = types[1]
    case is Primitives.Cast:
      guard types[0] == .bool else { return nil }
      dtype = graph.types[step.outputs[0]].dtype
    default: return nil
    }
    return dtype == .float32 || dtype == .float64 ? .dtype(dtype) : nil
  }

  private static func isLogical(_ program: Program) -> Bool {
    guard case .instruction(let opcode) = program else { return false }
    return [KB_OP_logical_not, KB_OP_logical_and, KB_OP_logical_or, KB_OP_logical_xor]
      .contains(opcode.raw)
  }

  private mutating func operand(_ value: Int) -> UInt16? {
    if let known = operands[value] { return known }
    let type = graph.types[value].dtype
    var number: Int32 = -1
    if let constant = constants[value], constant.body == nil, type == dtype {
      // Immediates are doubles, which are exact; a NaN would lose its payload.
      let element = kb_scalar_to_double(dtype.code, constant.bits)
      if !element.isNaN { number = kb_fused_append_immediate(program, element) }
    }
    if number < 0 {
      guard type == dtype || type == .bool else { return nil }
      number = kb_fused_append_input(program, type == .bool)
      guard number >= 0 else { return nil }
      inputs.append(value)
    }
    operands[value] = UInt16(number)
    return UInt16(number)
  }

  /// Appends a step; false if it does not fit.
  mutating func append(_ step: Graph.Step) -> Bool {
    var numbers: [UInt16] = []
    for input in step.inputs {
      guard let number = operand(input) else { return false }
      numbers.append(number)
    }
    let result: UInt16?
    switch step.primitive {
    case let unary as any UnaryElementwise: result = append(unary.program, numbers)
    case let binary as any BinaryElementwise: result = append(binary.program, numbers)
    case is Primitives.Where: result = append(KB_OP_select, numbers)
    // 0 and 1 already are numbers of the computing dtype.
    case is Primitives.Cast: result = append(KB_OP_copy, numbers)
    default: result = nil
    }
    guard let result else { return false }
    operands[step.outputs[0]] = result
    return true
  }

  private mutating func append(_ other: Program, _ numbers: [UInt16]) -> UInt16? {
    switch other {
    case .instruction(let opcode): return append(opcode.raw, numbers)
    case .composed(let composition): return append(composition.program, numbers)
    }
  }

  private mutating func append(_ opcode: kb_opcode, _ numbers: [UInt16]) -> UInt16? {
    let number = kb_fused_append(program, opcode, numbers)
    return number < 0 ? nil : UInt16(number)
  }

  /// Appends another program, whose inputs are these operands.
  private mutating func append(_ other: kb_program, _ numbers: [UInt16]) -> UInt16? {
    var other = other
    let code = withUnsafeBytes(of: &other.code) {
      Array($0.bindMemory(to: kb_instruction.self).prefix(Int(other.count)))
    }
    let immediates = withUnsafeBytes(of: &other.immediates) {
      Array($0.bindMemory(to: Double.self).prefix(Int(other.immediate_count)))
    }
    var registers: [UInt16] = []
    for instruction in code {
      let opcode = kb_opcode(UInt32(instruction.opcode))
      var own: [UInt16] = []
      for operand in [instruction.a, instruction.b, instruction.c]
        .prefix(Int(kb_opcode_arity(opcode)))
      {
        switch operand {
        case 0..<32: own.append(numbers[Int(operand)])
        case 32..<64: own.append(registers[Int(operand) - 32])
        default:
          // The ordinary program rounds its immediates to the dtype likewise.
          let number = kb_fused_append_immediate(program, immediates[Int(operand) - 64])
          guard number >= 0 else { return nil }
          own.append(UInt16(number))
        }
      }
      guard let register = append(opcode, own) else { return nil }
      registers.append(register)
    }
    return registers.last
  }

  /// The group whose results are these values of its members; nil if they are too many.
  func finish(_ values: [Int]) -> FusedProgram? {
    for value in values {
      guard let number = operands[value], kb_fused_append_result(program, Int32(number)) else {
        discard()
        return nil
      }
    }
    return FusedProgram(program, dtype: dtype, results: values.map { graph.types[$0].dtype })
  }
}

extension Graph {
  /// A step as a group, with the values that it reads; nil if it is no elementwise operation.
  func group(_ step: Step) -> (Primitives.FusedGroup, [Int])? {
    if let group = step.primitive as? Primitives.FusedGroup { return (group, step.inputs) }
    guard case .dtype(let dtype)? = FusedProgramBuilder.computing(step, self) else { return nil }
    let constants = Dictionary(
      constants.map { ($0.value, $0.tensor.current.value) }, uniquingKeysWith: { $1 })
    var builder = FusedProgramBuilder(self, constants, dtype)
    guard builder.append(step), builder.inputs.contains(where: { !types[$0].shape.isEmpty }) else {
      builder.discard()
      return nil
    }
    let inputs = builder.inputs
    guard let program = builder.finish(step.outputs) else { return nil }
    return (Primitives.FusedGroup(program: program, names: [step.name]), inputs)
  }
}

import CKernels
import KobaiOperators
import KobaiTensor

/// Writes the program of a group of elementwise operations.
struct GroupBuilder {
  private var program = kb_program()
  private var immediates: [UInt64: UInt8] = [:]

  init() {}

  /// The operand number of input `i`; nil when there are too many.
  mutating func input(_ i: Int) -> UInt8? {
    guard i < Int(KB_MAX_INPUTS) else { return nil }
    program.inputs = UInt16(i + 1)
    return UInt8(i)
  }

  /// The operand number of a constant of one element; nil if it cannot stand in a program. Programs hold
  /// doubles, which are exact for floating point numbers; a NaN would lose its payload.
  mutating func immediate(_ value: Value) -> UInt8? {
    guard value.dtype.isFloatingPoint else { return nil }
    let number = kb_scalar_to_double(value.dtype.code, value.bits)
    guard !number.isNaN else { return nil }
    return immediate(number)
  }

  private mutating func immediate(_ number: Double) -> UInt8? {
    if let known = immediates[number.bitPattern] { return known }
    let operand = kb_program_immediate(&program, number)
    guard operand >= 0 else { return nil }
    immediates[number.bitPattern] = UInt8(operand)
    return UInt8(operand)
  }

  /// Appends an operation; nil if it does not fit.
  mutating func append(_ primitive: any Primitive, _ operands: [UInt8], readsFlag: Bool) -> UInt8? {
    switch primitive {
    case let unary as any UnaryElementwise:
      return append(unary.program, operands, readsFlag: readsFlag)
    case let binary as any BinaryElementwise:
      return append(binary.program, operands, readsFlag: readsFlag)
    case is Primitives.Where: return append(KB_OP_select, operands)
    // 0 and 1 already are numbers of the computing dtype.
    case is Primitives.Cast: return operands[0]
    default: return nil
    }
  }

  private mutating func append(
    _ other: Program, _ operands: [UInt8], readsFlag: Bool
  ) -> UInt8? {
    switch other {
    case .instruction(let opcode):
      let raw = opcode.raw
      let takesFlags = [
        KB_OP_logical_not, KB_OP_logical_and, KB_OP_logical_or, KB_OP_logical_xor,
      ].contains(raw)
      guard !readsFlag || takesFlags else { return nil }
      return append(raw, operands)
    case .composed(let composition):
      guard !readsFlag else { return nil }
      return append(composition.program, operands)
    }
  }

  private mutating func append(_ opcode: kb_opcode, _ operands: [UInt8]) -> UInt8? {
    let all = operands + Array(repeating: operands[0], count: 3 - operands.count)
    let number = kb_program_append(&program, opcode, all[0], all[1], all[2])
    return number < 0 ? nil : UInt8(number)
  }

  /// Appends another program, whose inputs are these operands.
  private mutating func append(_ other: kb_program, _ operands: [UInt8]) -> UInt8? {
    var other = other
    var registers: [UInt8] = []
    let code = withUnsafeBytes(of: &other.code) {
      Array($0.bindMemory(to: kb_instruction.self).prefix(Int(other.count)))
    }
    let numbers = withUnsafeBytes(of: &other.immediates) {
      Array($0.bindMemory(to: Double.self).prefix(Int(other.immediate_count)))
    }
    for instruction in code {
      let arity = Int(kb_opcode_arity(kb_opcode(UInt32(instruction.opcode))))
      var own: [UInt8] = []
      for operand in [instruction.a, instruction.b, instruction.c].prefix(arity) {
        switch operand {
        case 0..<32: own.append(operands[Int(operand)])
        case 32..<64: own.append(registers[Int(operand) - 32])
        default:
          guard let number = immediate(numbers[Int(operand) - 64]) else { return nil }
          own.append(number)
        }
      }
      guard let register = append(kb_opcode(UInt32(instruction.opcode)), own) else { return nil }
      registers.append(register)
    }
    return registers.last
  }

  /// Rounds a half to what an operation by itself would have stored.
  mutating func round(_ operand: UInt8) -> UInt8? { append(KB_OP_copy, [operand]) }

  /// The program whose result is this operand, which the last instruction must give.
  func finish(_ result: UInt8?) -> Composition? {
    guard let result, program.count > 0, Int(result) == 31 + Int(program.count) else { return nil }
    return Composition(program)
  }
}

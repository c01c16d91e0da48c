import CKernels
import KobaiTensor

/// The body of an elementwise operation: what is computed from one element of each input.
///
/// Built-in operations mostly are one instruction; a user's own is an expression:
///
///     Program.unary { x in x * .sigmoid(x) }
///
/// The same kernels run a program eagerly and as part of a fused group, so both give the same bits.
@frozen public enum Program: Sendable {
  case instruction(Opcode)
  case composed(Composition)

  /// One instruction.
  @inlinable public static func unary(_ opcode: Opcode) -> Program { .instruction(opcode) }
  /// One instruction.
  @inlinable public static func binary(_ opcode: Opcode) -> Program { .instruction(opcode) }

  /// An expression of one input. Build it once, in a `static let`: the expression is a tree.
  public static func unary(_ body: (Expression) -> Expression) -> Program {
    .composed(Composition(body(.input(0)), inputs: 1))
  }
  /// An expression of two inputs.
  public static func binary(_ body: (Expression, Expression) -> Expression) -> Program {
    .composed(Composition(body(.input(0), .input(1)), inputs: 2))
  }

  /// Whether the result is bool.
  @inlinable public var isPredicate: Bool {
    switch self {
    case .instruction(let opcode): opcode.isPredicate
    case .composed(let composition): composition.isPredicate
    }
  }
}

/// Several instructions. An object, so that a program is one word where it is one instruction.
public final class Composition: Sendable {
  let program: kb_program
  @usableFromInline let isPredicate: Bool

  init(_ expression: Expression, inputs: UInt16) {
    program = expression.program(inputs: inputs)
    isPredicate = expression.isPredicate
  }
}

/// What one instruction computes.
@frozen public struct Opcode: Hashable, Sendable {
  @usableFromInline let raw: kb_opcode
  @usableFromInline let isPredicate: Bool

  @inlinable init(_ raw: kb_opcode, predicate: Bool = false) {
    self.raw = raw
    isPredicate = predicate
  }
}

/// An expression over the elements of an elementwise operation's inputs.
public indirect enum Expression: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  case input(Int)
  case constant(Double)
  case apply(Opcode, [Expression])

  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  var isPredicate: Bool {
    if case .apply(let opcode, _) = self { return opcode.isPredicate }
    return false
  }

  func program(inputs: UInt16) -> kb_program {
    var program = kb_program()
    program.inputs = inputs
    var result = append(to: &program)
    if program.count == 0 {
      result = kb_program_append(&program, KB_OP_copy, UInt8(result), 0, 0)
    }
    if result < 0 {
      misuse(
        "Program: an expression may have at most \(KB_MAX_INSTRUCTIONS) instructions and "
          + "\(KB_MAX_IMMEDIATES) constants; compute part of it in another operation", else: ())
    }
    return program
  }

  private func append(to program: inout kb_program) -> Int32 {
    switch self {
    case .input(let i): return Int32(i)
    case .constant(let value): return kb_program_immediate(&program, value)
    case .apply(let opcode, let operands):
      var numbers: [UInt8] = []
      for operand in operands {
        let number = operand.append(to: &program)
        guard number >= 0 else { return -1 }
        numbers.append(UInt8(number))
      }
      while numbers.count < 3 { numbers.append(0) }
      return kb_program_append(&program, opcode.raw, numbers[0], numbers[1], numbers[2])
    }
  }
}

import CKernels
import KobaiTensor

/// The body of an elementwise operation: what is computed from one element of each input.
///
/// Built-in operations mostly are one instruction; a user's own is an expression:
///
///     Program.unary { x in x * .sigmoid(x) }
///
/// The same kernels run a program eagerly and as part of a fused group, so both give the same bits.
@frozen public enum Program: Hashable, Sendable {
  case instruction(Opcode)
  case composed(Composition)

  /// One instruction.
  @inlinable public static func unary(_ opcode: Opcode) -> Program { .instruction(opcode) }
  /// One instruction.
  @inlinable public static func binary(_ opcode: Opcode) -> Program { .instruction(opcode) }

  /// An expression of one input. Build it once, in a `static let`: the expression is a tree. Where its
  /// constants are arguments of the operation, make it a `Template`.
  public static func unary(_ body: (ElementwiseExpression) -> ElementwiseExpression) -> Program {
    .composed(Composition(body(.input(0)), inputs: 1))
  }
  /// An expression of two inputs.
  public static func binary(
    _ body: (ElementwiseExpression, ElementwiseExpression) -> ElementwiseExpression
  ) -> Program {
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
  package let program: kb_program
  @usableFromInline let isPredicate: Bool

  init(_ expression: ElementwiseExpression, inputs: UInt16) {
    program = expression.program(inputs: inputs, parameters: 0).program
    isPredicate = expression.isPredicate
  }

  init(_ program: kb_program, isPredicate: Bool) {
    self.program = program
    self.isPredicate = isPredicate
  }

  /// A program of at least one instruction.
  package init(_ program: kb_program) {
    self.program = program
    var copy = program
    isPredicate = withUnsafeBytes(of: &copy.code) {
      let last = $0.bindMemory(to: kb_instruction.self)[Int(program.count) - 1]
      return kb_opcode_is_predicate(kb_opcode(UInt32(last.opcode)))
    }
  }
}

extension Composition: Hashable {
  public static func == (a: Composition, b: Composition) -> Bool {
    a === b || a.instructions == b.instructions && a.immediates == b.immediates
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(instructions)
    hasher.combine(immediates)
  }

  private var instructions: [UInt8] {
    withUnsafeBytes(of: program.code) { Array($0.prefix(4 * Int(program.count))) }
  }
  /// Bit patterns: 0 and −0 are different programs, NaN equals itself.
  private var immediates: [UInt64] {
    withUnsafeBytes(of: program.immediates) {
      Array($0.bindMemory(to: UInt64.self).prefix(Int(program.immediate_count)))
    }
  }
}

extension Program {
  /// A program whose constants are given with each use: the tree is built once, a use copies its
  /// instructions.
  ///
  ///     static let scaled = Program.Template.unary(1) { x, p in x * p[0] }
  ///     scaled(0.5)   // the program x · 0.5
  public struct Template: Sendable {
    private let program: kb_program
    private let isPredicate: Bool
    /// The immediates that are parameters; nil for a parameter that the expression does not name.
    private let places: [Int?]

    private init(_ expression: ElementwiseExpression, inputs: UInt16, parameters: Int) {
      (program, places) = expression.program(inputs: inputs, parameters: parameters)
      isPredicate = expression.isPredicate
    }

    /// An expression of one input and of so many parameters.
    public static func unary(
      _ parameters: Int,
      _ body: (ElementwiseExpression, [ElementwiseExpression]) -> ElementwiseExpression
    ) -> Template {
      let expression = body(.input(0), (0..<parameters).map { .parameter($0) })
      return Template(expression, inputs: 1, parameters: parameters)
    }

    /// An expression of two inputs and of so many parameters.
    public static func binary(
      _ parameters: Int,
      _ body: (ElementwiseExpression, ElementwiseExpression, [ElementwiseExpression]) ->
        ElementwiseExpression
    ) -> Template {
      let expression = body(.input(0), .input(1), (0..<parameters).map { .parameter($0) })
      return Template(expression, inputs: 2, parameters: parameters)
    }

    /// The program with these values of its parameters.
    public func callAsFunction(_ values: Double...) -> Program {
      precondition(values.count == places.count, "Program.Template: a value for each parameter")
      var program = program
      withUnsafeMutableBytes(of: &program.immediates) {
        let immediates = $0.bindMemory(to: Double.self)
        for (value, place) in zip(values, places) {
          if let place { immediates[place] = value }
        }
      }
      return .composed(Composition(program, isPredicate: isPredicate))
    }
  }
}

/// What one instruction computes.
@frozen public struct Opcode: Hashable, Sendable {
  @usableFromInline package let raw: kb_opcode
  @usableFromInline let isPredicate: Bool

  @inlinable init(_ raw: kb_opcode, predicate: Bool = false) {
    self.raw = raw
    isPredicate = predicate
  }
}

/// An expression over the elements of an elementwise operation's inputs.
public indirect enum ElementwiseExpression: Sendable, ExpressibleByFloatLiteral,
  ExpressibleByIntegerLiteral
{
  case input(Int)
  case constant(Double)
  /// A constant that a `Program.Template` is given with each use.
  case parameter(Int)
  case apply(Opcode, [ElementwiseExpression])

  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  var isPredicate: Bool {
    if case .apply(let opcode, _) = self { return opcode.isPredicate }
    return false
  }

  /// The instructions, and the immediates that are parameters.
  func program(inputs: UInt16, parameters: Int) -> (program: kb_program, places: [Int?]) {
    var builder = ProgramBuilder(inputs: inputs, parameters: parameters)
    let result = builder.append(self)
    if let result, builder.program.count == 0 { _ = builder.append(.copy, [result]) }
    if result == nil {
      misuse(
        "Program: an expression may have at most \(KB_MAX_INSTRUCTIONS) instructions and "
          + "\(KB_MAX_IMMEDIATES) constants; compute part of it in another operation", else: ())
    }
    return (builder.program, builder.places)
  }
}

/// Writes an expression's instructions. What the expression names twice is computed once.
private struct ProgramBuilder {
  var program = kb_program()
  private(set) var places: [Int?]
  private var known: [[UInt32]: UInt8] = [:]
  private var immediates: [UInt64: UInt8] = [:]
  private var parameters: [Int: UInt8] = [:]

  init(inputs: UInt16, parameters: Int) {
    places = Array(repeating: nil, count: parameters)
    program.inputs = inputs
  }

  /// The operand number of the expression's value; nil when the program is full.
  mutating func append(_ expression: ElementwiseExpression) -> UInt8? {
    switch expression {
    case .input(let i): return UInt8(i)
    case .constant(let value):
      if let number = immediates[value.bitPattern] { return number }
      let number = kb_program_immediate(&program, value)
      guard number >= 0 else { return nil }
      immediates[value.bitPattern] = UInt8(number)
      return UInt8(number)
    case .parameter(let i):
      if let number = parameters[i] { return number }
      places[i] = Int(program.immediate_count)
      let number = kb_program_immediate(&program, 0)
      guard number >= 0 else { return nil }
      parameters[i] = UInt8(number)
      return UInt8(number)
    case .apply(let opcode, let operands):
      var numbers: [UInt8] = []
      for operand in operands {
        guard let number = append(operand) else { return nil }
        numbers.append(number)
      }
      return append(opcode, numbers)
    }
  }

  mutating func append(_ opcode: Opcode, _ operands: [UInt8]) -> UInt8? {
    let key = [opcode.raw.rawValue] + operands.map(UInt32.init)
    if let number = known[key] { return number }
    let all = operands + Array(repeating: 0, count: 3 - operands.count)
    let number = kb_program_append(&program, opcode.raw, all[0], all[1], all[2])
    guard number >= 0 else { return nil }
    known[key] = UInt8(number)
    return UInt8(number)
  }
}

import CKernels
import KobaiTensor

extension ElementwiseEvaluation {
  /// A program made ready. The result is contiguous.
  package static func prepare(
    _ program: Program, _ inputs: [StridedType], to output: StridedType
  ) -> Prepared? {
    guard output.layout.isContiguous else { return nil }
    let (dtype, rank, count) = (inputs[0].dtype.code, output.layout.rank, output.layout.count)
    func isDense(_ x: StridedType) -> Bool { x.layout.isContiguous && x.layout.rank == rank }
    let replaceable = inputs.indices.filter {
      isDense(inputs[$0]) && inputs[$0].dtype.size == output.dtype.size
    }
    if case .instruction(let opcode) = program,
      inputs.allSatisfy({ isDense($0) || $0.layout.rank == 0 })
    {
      let raw = opcode.raw
      if inputs.count == 1 {
        return .kernel(mayReplace: [replaceable]) { memory in
          kb_unary(raw, dtype, count, memory[0], memory[1]) == 0
        }
      }
      if inputs.count == 2 {
        let (isX, isY) = (!isDense(inputs[0]), !isDense(inputs[1]))
        return .kernel(mayReplace: [replaceable]) { memory in
          kb_binary(raw, dtype, count, memory[0], isX, memory[1], isY, memory[2]) == 0
        }
      }
    }
    let raw: kb_program
    switch program {
    case .instruction(let opcode): raw = kb_program_single(opcode.raw, UInt16(inputs.count))
    case .composed(let composition): raw = composition.program
    }
    let program = PreparedProgram(raw, inputs, output)
    return .kernel(mayReplace: [replaceable]) { program.run($0) }
  }
}

/// A program with all that does not change from call to call.
///
/// `@unchecked Sendable`: immutable.
private final class PreparedProgram: @unchecked Sendable {
  private let program: UnsafeMutablePointer<kb_program>
  private let strides: UnsafeMutablePointer<UnsafePointer<Int>?>
  private let layouts: [StridedLayout]
  private let result: StridedLayout
  private let dtype: kb_dtype

  init(_ program: kb_program, _ inputs: [StridedType], _ output: StridedType) {
    self.program = .allocate(capacity: 1)
    self.program.initialize(to: program)
    layouts = inputs.map { StridedLayout($0.layout, standingFor: output.layout.rank) }
    result = StridedLayout(output.layout)
    dtype = inputs[0].dtype.code
    strides = .allocate(capacity: max(inputs.count, 1))
    for (i, layout) in layouts.enumerated() { (strides + i).initialize(to: layout.strides) }
  }

  deinit {
    program.deallocate()
    strides.deallocate()
  }

  func run(_ memory: Prepared.Memory) -> Bool {
    memory.withMemoryRebound(to: UnsafeRawPointer?.self, capacity: layouts.count) {
      kb_elementwise(
        program, dtype, result.rank, result.sizes, $0, strides, memory[layouts.count]) == 0
    }
  }
}

import CKernels
import KobaiOperators
import KobaiTensor

extension Primitives {
  /// Elementwise operations and reductions of rows that follow each other, done for a block of rows at a time:
  /// what only they read stays in the cache. Graphs have it after the pass `fuse`; it is not differentiated
  /// or batched.
  struct RowChain: Primitive {
    static let name = "fused"
    let program: RowProgram
    /// The operations, in order.
    let names: [String]

    static func == (a: RowChain, b: RowChain) -> Bool { a.program === b.program }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(program)) }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      program.body.outputs.map { program.body.types[$0] }
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      var inputs = inputs
      return program.executable.run(&inputs)
    }

    func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs.allSatisfy(\.layout.isContiguous),
        let kernel = PreparedRows(program, inputs.map(\.layout))
      else { return nil }
      let mayReplace = outputs.indices.map { o in
        inputs.indices.filter { kernel.mayReplace(o, $0) }
      }
      return .kernel(mayReplace: mayReplace) { kernel.run($0) }
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      misuse("fused: a chain of operations is batched before it is formed", else: [.poison])
    }
  }
}

/// A chain with the strides of its inputs.
///
/// `@unchecked Sendable`: immutable.
private final class PreparedRows: @unchecked Sendable {
  private let program: RowProgram
  private let chain: OpaquePointer
  private let inputCount: Int

  /// nil if an array is no matrix of rows, or one whose rows are summed up in another order.
  init?(_ program: RowProgram, _ layouts: [Layout]) {
    let (shape, body) = (program.shape, program.body)
    let strides = layouts.compactMap { shape.strides($0) }
    guard strides.count == layouts.count else { return nil }
    for (value, mayBeOne) in program.steps.flatMap(\.dense) {
      guard let i = body.inputs.firstIndex(of: value) else { continue }
      let dense = shape.isWide(layouts[i].shape) ? (shape.columns, 1) : (1, 0)
      guard strides[i] == dense || mayBeOne && strides[i] == (0, 0) else { return nil }
    }
    let chain = kb_rows_make(shape.rows, shape.columns)
    var numbers: [Int: Int32] = [:]
    for (input, strides) in zip(body.inputs, strides) {
      let type = body.types[input]
      numbers[input] = kb_rows_input(
        chain, type.dtype.size, shape.isWide(type.shape), strides.row, strides.column)
    }
    for output in body.outputs {
      let type = body.types[output]
      numbers[output] = kb_rows_output(chain, type.dtype.size, shape.isWide(type.shape))
    }
    func number(_ value: Int) -> Int32 {
      if let known = numbers[value] { return known }
      let type = body.types[value]
      let new = kb_rows_scratch(chain, type.dtype.size, shape.isWide(type.shape))
      numbers[value] = new
      return new
    }
    for step in program.steps {
      switch step {
      case .group(let group, let inputs, let outputs):
        kb_rows_group(
          chain, group.code, shape.isWide(body.types[outputs[0]].shape),
          (inputs + outputs).map(number))
      case .reduction(let operation, let dtype, let input, let output):
        kb_rows_reduction(chain, operation, dtype.code, number(input), number(output))
      case .arg(let isLargest, let dtype, let input, let output):
        kb_rows_arg(chain, isLargest, dtype.code, number(input), number(output))
      case .pick(let input, let index, let output):
        kb_rows_pick(chain, number(input), number(index), number(output))
      case .addAt(let dtype, let input, let index, let added, let output):
        kb_rows_add_at(
          chain, dtype.code, number(input), number(index), number(added), number(output))
      }
    }
    kb_rows_finish(chain)
    (self.program, self.chain, inputCount) = (program, chain, layouts.count)
  }

  deinit { kb_rows_free(chain) }

  func mayReplace(_ output: Int, _ input: Int) -> Bool {
    kb_rows_may_replace(chain, inputCount + output, input)
  }

  func run(_ memory: Prepared.Memory) -> Bool { kb_rows_run(chain, memory) }
}

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

    static func == (a: RowChain, b: RowChain) -> Bool { a.program === b.program }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(program)) }

    /// The operations, in order.
    var names: [String] { program.names }

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

/// How the elements of a chain's arrays make a matrix: each array has an element for each place of it (wide),
/// or for each row (narrow), in this order.
struct RowShape: Hashable {
  let rows, columns: Int

  func isWide(_ shape: Shape) -> Bool {
    guard let lead = leadingCount(shape) else { return false }
    return shape[lead...].reduce(1, *) == columns
  }

  func isNarrow(_ shape: Shape) -> Bool { !shape.isEmpty && shape.reduce(1, *) == rows }

  func has(_ shape: Shape) -> Bool { isWide(shape) || isNarrow(shape) }

  /// How many leading dimensions of a wide shape number the rows.
  func leadingCount(_ shape: Shape) -> Int? {
    var count = 1
    for (d, size) in shape.enumerated() {
      if count == rows { return d }
      count *= size
    }
    return nil
  }

  /// Whether an array of this shape that is broadcast to a wide one has an element for each row.
  func repeats(_ source: Shape, to target: Shape) -> Bool {
    guard isWide(target), let lead = leadingCount(target), source.count <= target.count else {
      return false
    }
    let padded = Shape(repeating: 1, count: target.count - source.count) + source
    return padded[..<lead] == target[..<lead] && padded[lead...].allSatisfy { $0 == 1 }
  }

  /// The distances in elements between rows and between columns of an array; nil where there is no single one.
  func strides(_ layout: Layout) -> (row: Int, column: Int)? {
    if layout.rank == 0 { return (0, 0) }
    let lead = isWide(layout.shape) ? leadingCount(layout.shape) ?? 0 : layout.rank
    func stride(_ dims: Range<Int>) -> Int? {
      var (result, count) = (0, 1)
      for d in dims.reversed() where layout.shape[d] != 1 {
        if count == 1 { result = layout.strides[d] }
        guard layout.strides[d] == result * count else { return nil }
        count *= layout.shape[d]
      }
      return result
    }
    guard let row = stride(0..<lead), let column = stride(lead..<layout.rank) else { return nil }
    return (row, column)
  }
}

/// What a chain computes: a graph of groups, reductions and the views between them.
///
/// `@unchecked Sendable`: immutable.
final class RowProgram: @unchecked Sendable {
  enum Step {
    /// The operands are values of the body.
    case group(FusedProgram, inputs: [Int], outputs: [Int])
    case reduction(kb_reduction, DType, input: Int, output: Int)
    case arg(isLargest: Bool, DType, input: Int, output: Int)
    /// The element of each row in a column of its own.
    case pick(input: Int, index: Int, output: Int)
    case addAt(DType, input: Int, index: Int, added: Int, output: Int)

    /// Operands that lie row by row; whether one may also be a single element.
    var dense: [(value: Int, mayBeOne: Bool)] {
      switch self {
      case .group: []
      case .reduction(_, _, let input, _), .arg(_, _, let input, _): [(input, false)]
      case .pick(let input, let index, _): [(input, false), (index, false)]
      case .addAt(_, let input, let index, let added, _):
        [(input, true), (index, false), (added, false)]
      }
    }
  }

  let shape: RowShape
  let body: Graph
  /// The operations, in order.
  let names: [String]
  let steps: [Step]
  /// Does the same step by step, for arrays that are no matrices of rows.
  let executable: Executable

  /// nil if an operation is none that a chain can have.
  init?(_ graph: Graph, _ shape: RowShape) {
    var fusion = GroupFusion(graph)
    let body = fusion.run()
    var shown = Array(body.types.indices)
    var steps: [Step] = []
    for step in body.steps {
      if step.isView {
        shown[step.outputs[0]] = shown[step.inputs[0]]
      } else if let row = Self.rowStep(step, body, step.inputs.map { shown[$0] }) {
        steps.append(row)
      } else if let (group, inputs) = body.group(step),
        !body.constants.contains(where: { inputs.contains($0.value) })
      {
        steps.append(.group(group.program, inputs: inputs.map { shown[$0] }, outputs: step.outputs))
      } else {
        return nil
      }
    }
    (self.shape, self.body, self.steps) = (shape, body, steps)
    names = graph.steps.filter { !$0.isView }.map(\.name)
    executable = Executable(ReductionFusion(body).run())
  }

  /// A step that is no group; nil if it is none that a chain can have.
  private static func rowStep(_ step: Graph.Step, _ body: Graph, _ inputs: [Int]) -> Step? {
    let (dtype, output) = (body.types[step.inputs[0]].dtype, step.outputs[0])
    func reduction(_ operation: kb_reduction) -> Step {
      .reduction(operation, dtype, input: inputs[0], output: output)
    }
    return switch step.primitive {
    case is Primitives.Sum: reduction(KB_REDUCE_SUM)
    case is Primitives.Mean: reduction(KB_REDUCE_MEAN)
    case let extremum as Primitives.Extremum:
      reduction(extremum.largest ? KB_REDUCE_MAX : KB_REDUCE_MIN)
    case let extremum as Primitives.ArgExtremum:
      .arg(isLargest: extremum.largest, dtype, input: inputs[0], output: output)
    case is Primitives.Gather: .pick(input: inputs[0], index: inputs[1], output: output)
    case is Primitives.Scatter:
      .addAt(dtype, input: inputs[0], index: inputs[1], added: inputs[2], output: output)
    default: nil
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

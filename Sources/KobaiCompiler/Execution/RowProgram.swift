import CKernels
import KobaiOperators
import KobaiTensor

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

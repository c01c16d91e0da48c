import CKernels
import KobaiOperators
import KobaiTensor

/// The search for chains: elementwise operations and reductions of the rows of a matrix, which need no other
/// rows.
///
/// Steps are visited in order. A step joins the chains that give its operands, or one that reads an operand
/// of its, as long as nothing outside has read a result of these: a chain runs where its last member stood.
/// Sums of what it gives, and single elements computed from them, are no such readers: they run behind it.
struct RowChains {
  private let graph: Graph
  private let producers: [Int?]
  private var chains: [Chain] = []
  private var chainOf: [Int?]
  /// The open chain that read a value last.
  private var reader: [Int: Int] = [:]
  /// The chains whose results a view outside of them shows.
  private var shown: [Int: Set<Int>] = [:]
  /// What chains that were joined with others are part of.
  private var successor: [Int: Int] = [:]
  /// The chains behind which a value is computed that others may still wait for.
  private var behind: [Int: Set<Int>] = [:]

  struct Chain {
    /// nil while it consists of operations on flags.
    var dtype: DType?
    /// nil while it has no reduction; all its arrays then are of the shape `array`.
    var rows: RowShape?
    let array: Shape
    var members: [Int]
    var isOpen = true

    /// Both as one; nil if they do not go together.
    func joined(_ other: Chain) -> Chain? {
      guard other.isOpen, members.count + other.members.count < RowChains.largestCount,
        dtype == nil || other.dtype == nil || dtype == other.dtype
      else { return nil }
      var both = self
      both.dtype = dtype ?? other.dtype
      both.rows = rows ?? other.rows
      if let shape = both.rows {
        guard rows ?? shape == other.rows ?? shape, shape.has(array), shape.has(other.array) else {
          return nil
        }
      } else if array != other.array {
        return nil
      }
      both.members = (members + other.members).sorted()
      return both
    }
  }

  /// How a step may be a member.
  private enum Role {
    case elementwise(FusedProgramBuilder.Computing)
    case reduction(DType, RowShape)
    case view
  }

  /// A bound that keeps the search short.
  private static let largestCount = 256
  /// Longer rows do not stay in the second cache together with what is computed from them.
  private static let longestRow = 128 << 10

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers()
    chainOf = Array(repeating: nil, count: graph.steps.count)
  }

  mutating func run() -> Graph {
    for i in graph.steps.indices { visit(i) }
    return RowChainRewriting(graph).run(chains)
  }

  private func role(_ step: Graph.Step) -> Role? {
    guard step.outputs.count == 1 else { return nil }
    let shape = graph.types[step.outputs[0]].shape
    if let computing = FusedProgramBuilder.computing(step, graph) {
      return shape.isEmpty ? nil : .elementwise(computing)
    }
    switch step.primitive {
    case is Primitives.Reshape, is Primitives.Broadcast: return .view
    case let sum as Primitives.Sum: return reduction(step, sum.reduced)
    case let mean as Primitives.Mean: return reduction(step, mean.reduced)
    case let extremum as Primitives.Extremum: return reduction(step, extremum.reduced)
    case let extremum as Primitives.ArgExtremum: return reduction(step, [extremum.dim])
    case let gather as Primitives.Gather:
      return hasIndexForEachRow(step) ? reduction(step, [gather.dim]) : nil
    case let scatter as Primitives.Scatter:
      return scatter.kind == .sum && scatter.includesSelf && hasIndexForEachRow(step)
        ? reduction(step, [scatter.dim]) : nil
    default: return nil
    }
  }

  private func hasIndexForEachRow(_ step: Graph.Step) -> Bool {
    let (x, index) = (graph.types[step.inputs[0]], graph.types[step.inputs[1]])
    return index.dtype == .int64 && index.shape == x.shape.dropLast() + [1]
  }

  /// A step on the last dimensions, if there are rows enough for all threads.
  private func reduction(_ step: Graph.Step, _ reduced: [Int]) -> Role? {
    let type = graph.types[step.inputs[0]]
    let lead = type.shape.count - reduced.count
    guard type.dtype == .float32 || type.dtype == .float64, reduced.first == lead, lead > 0 else {
      return nil
    }
    let rows = type.shape[..<lead].reduce(1, *)
    let columns = type.shape[lead...].reduce(1, *)
    guard rows >= 2, columns >= 2, columns < KB_ROWS_LONGEST,
      columns * type.dtype.size <= Self.longestRow, rows >= 16 || rows * columns <= 1 << 16
    else { return nil }
    return .reduction(type.dtype, RowShape(rows: rows, columns: columns))
  }

  private mutating func visit(_ i: Int) {
    let step = graph.steps[i]
    if let role = role(step) {
      var union = Chain(
        dtype: nil, rows: nil, array: graph.types[step.outputs[0]].shape, members: [])
      switch role {
      case .elementwise(.dtype(let dtype)): union.dtype = dtype
      case .elementwise(.flags), .view: break
      case .reduction(let dtype, let rows): (union.dtype, union.rows) = (dtype, rows)
      }
      let waits = Set(step.inputs.flatMap { behind[$0] ?? [] }.map(root))
      var joined: [Int] = []
      func join(_ g: Int?) {
        guard let g, !joined.contains(g), !waits.contains(g), let both = union.joined(chains[g])
        else { return }
        union = both
        joined.append(g)
      }
      for input in step.inputs { join(producers[input].flatMap { chainOf[$0] }) }
      if case .view = role {
        if let rows = union.rows, !joined.isEmpty, isRowView(step, rows) {
          add(i, to: joined, union)
        }
      } else {
        for input in step.inputs where joined.isEmpty { join(reader[input].map(root)) }
        add(i, to: joined, union)
      }
    }
    readFromOutside(i)
  }

  private func isRowView(_ step: Graph.Step, _ rows: RowShape) -> Bool {
    let (source, target) = (graph.types[step.inputs[0]].shape, graph.types[step.outputs[0]].shape)
    if step.primitive is Primitives.Broadcast { return rows.repeats(source, to: target) }
    return rows.isWide(source) && rows.isWide(target)
      || rows.isNarrow(source) && rows.isNarrow(target)
  }

  private mutating func add(_ i: Int, to joined: [Int], _ union: Chain) {
    let target = joined.first ?? chains.count
    if joined.isEmpty { chains.append(union) }
    chains[target] = union
    chains[target].members.append(i)
    for member in chains[target].members { chainOf[member] = target }
    for other in joined.dropFirst() {
      chains[other].isOpen = false
      chains[other].members = []
      successor[other] = target
    }
    for input in graph.steps[i].inputs where !graph.types[input].shape.isEmpty {
      reader[input] = target
    }
  }

  /// The chain that a chain has become a part of.
  private func root(_ g: Int) -> Int { successor[g].map(root) ?? g }

  /// Closes the chains of which a step reads a result from outside, unless it can wait for their end.
  private mutating func readFromOutside(_ i: Int) {
    let step = graph.steps[i]
    let canWait = chainOf[i] == nil && canWait(step)
    for input in step.inputs {
      let owner = producers[input].flatMap { chainOf[$0] }
      for g in Set((owner.map { [$0] } ?? []) + (shown[input] ?? []).map(root))
      where g != chainOf[i] {
        if step.isView {
          for output in step.outputs { shown[output, default: []].insert(g) }
        } else if canWait {
          behind[step.outputs[0], default: []].insert(g)
        } else {
          chains[g].isOpen = false
        }
      }
      for g in (behind[input] ?? []).map(root) {
        if step.isView || canWait {
          for output in step.outputs { behind[output, default: []].insert(g) }
        } else {
          chains[g].isOpen = false
        }
      }
    }
  }

  /// Small results of sums and of operations on single elements can.
  private func canWait(_ step: Graph.Step) -> Bool {
    guard step.outputs.count == 1, !step.drawsNumbers else { return false }
    switch step.primitive {
    case is Primitives.Sum, is Primitives.Mean:
      return 4 * graph.bytes(step.outputs[0]) <= graph.bytes(step.inputs[0])
    case is any UnaryElementwise, is any BinaryElementwise:
      return graph.types[step.outputs[0]].shape.isEmpty
    default: return false
    }
  }
}

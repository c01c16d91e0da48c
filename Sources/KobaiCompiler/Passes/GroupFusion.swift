import KobaiOperators
import KobaiTensor

/// The search for groups of float32 and float64 operations with any number of results.
///
/// Steps are visited in order. A step joins the groups that give its operands, or one that reads an operand
/// of its, as long as nothing outside has read a result of these: a group runs where its last member stood,
/// so that what it gives is there before it is read, and what it reads was there before.
struct GroupFusion {
  private let graph: Graph
  private let constants: [Int: Value]
  private let producers: [Int?]
  private var groups: [Group] = []
  private var groupOf: [Int?]
  /// The open group that read a value last.
  private var reader: [Int: Int] = [:]

  private struct Group {
    /// nil while it consists of operations on flags.
    var dtype: DType?
    let shape: Shape
    var members: [Int]
    var isOpen = true
  }

  /// A bound that keeps the search for operands of large groups short.
  private static let largestCount = 64

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers()
    constants = Dictionary(
      graph.constants.map { ($0.value, $0.tensor.current.value) }, uniquingKeysWith: { $1 })
    groupOf = Array(repeating: nil, count: graph.steps.count)
  }

  mutating func run() -> Graph {
    for i in graph.steps.indices { visit(i) }
    var emitted: [Int: [Graph.Step]] = [:]
    var isMember = [Bool](repeating: false, count: graph.steps.count)
    let readers = externalReaders()
    for group in groups where group.members.count > 1 && group.dtype != nil {
      guard let dtype = group.dtype else { continue }
      for (members, step) in emit(group.members[...], dtype, readers) {
        for member in members { isMember[member] = true }
        emitted[members[members.endIndex - 1], default: []].append(step)
      }
    }
    var result = graph
    result.steps = graph.steps.indices.flatMap { i in
      emitted[i] ?? (isMember[i] ? [] : [graph.steps[i]])
    }
    return result.renumbered()
  }

  private mutating func visit(_ i: Int) {
    let step = graph.steps[i]
    let shape = graph.types[step.outputs.first ?? 0].shape
    let computing = FusedProgramBuilder.computing(step, graph)
    var joined: [Int] = []
    if let computing, !shape.isEmpty {
      var dtype: DType?
      if case .dtype(let own) = computing { dtype = own }
      func accepts(_ g: Int) -> Bool {
        guard groups[g].isOpen, groups[g].shape == shape,
          groups[g].members.count < Self.largestCount
        else { return false }
        if let other = groups[g].dtype, let own = dtype, other != own { return false }
        dtype = dtype ?? groups[g].dtype
        return true
      }
      for input in step.inputs {
        guard let g = producers[input].flatMap({ groupOf[$0] }), !joined.contains(g), accepts(g)
        else { continue }
        joined.append(g)
      }
      if joined.isEmpty {
        for input in step.inputs where graph.types[input].shape == shape {
          if let g = reader[input], accepts(g) {
            joined.append(g)
            break
          }
        }
      }
    }
    // Whatever else gives an operand is read from outside.
    for input in step.inputs {
      if let g = producers[input].flatMap({ groupOf[$0] }), !joined.contains(g) {
        groups[g].isOpen = false
      }
    }
    guard let computing, !shape.isEmpty else { return }
    add(i, to: joined, computing, shape)
  }

  private mutating func add(
    _ i: Int, to joined: [Int], _ computing: FusedProgramBuilder.Computing, _ shape: Shape
  ) {
    let target: Int
    if let first = joined.first {
      target = first
      for other in joined.dropFirst() {
        for member in groups[other].members { groupOf[member] = target }
        groups[target].members += groups[other].members
        groups[target].dtype = groups[target].dtype ?? groups[other].dtype
        groups[other].members = []
        groups[other].isOpen = false
        for (value, g) in reader where g == other { reader[value] = target }
      }
      groups[target].members.sort()
      groups[target].members.append(i)
    } else {
      target = groups.count
      groups.append(Group(dtype: nil, shape: shape, members: [i]))
    }
    if case .dtype(let dtype) = computing { groups[target].dtype = dtype }
    groupOf[i] = target
    for input in graph.steps[i].inputs where !graph.types[input].shape.isEmpty {
      reader[input] = target
    }
  }

  /// For each value, the steps that read it; outputs of the graph count as one step more.
  private func externalReaders() -> [[Int]] {
    var readers = [[Int]](repeating: [], count: graph.types.count)
    for (i, step) in graph.steps.enumerated() {
      for input in step.inputs { readers[input].append(i) }
    }
    for output in graph.outputs { readers[output].append(graph.steps.count) }
    return readers
  }

  /// The members as one group, or as several if they do not fit into one.
  private func emit(
    _ members: ArraySlice<Int>, _ dtype: DType, _ readers: [[Int]]
  ) -> [(members: ArraySlice<Int>, step: Graph.Step)] {
    guard members.count > 1 else { return [] }
    if let step = group(members, dtype, readers) { return [(members, step)] }
    let middle = members.startIndex + members.count / 2
    return emit(members[..<middle], dtype, readers) + emit(members[middle...], dtype, readers)
  }

  private func group(
    _ members: ArraySlice<Int>, _ dtype: DType, _ readers: [[Int]]
  ) -> Graph.Step? {
    var builder = FusedProgramBuilder(graph, constants, dtype)
    for member in members {
      guard builder.append(graph.steps[member]) else {
        builder.discard()
        return nil
      }
    }
    let inside = Set(members)
    let results = members.map { graph.steps[$0].outputs[0] }
      .filter { readers[$0].contains { !inside.contains($0) } }
    let inputs = builder.inputs
    guard !results.isEmpty, inputs.contains(where: { !graph.types[$0].shape.isEmpty }) else {
      builder.discard()
      return nil
    }
    guard let program = builder.finish(results) else { return nil }
    let primitive = Primitives.FusedGroup(
      program: program, names: members.map { graph.steps[$0].name })
    return Graph.Step(
      primitive: primitive, inputs: inputs, outputs: results,
      scope: graph.steps[members[members.startIndex]].scope)
  }
}

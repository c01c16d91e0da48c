import KobaiOperators
import KobaiTensor

extension Pass {
  /// Computes large results of cheap operations again where they are read much later, instead of keeping them:
  /// the outputs of activations, which only the gradient of the next weight reads. Only where what they are
  /// computed from is kept anyway.
  static let rematerialize = Pass(name: "rematerialize") { graph in
    Rematerialization(graph).run()
  }
}

private struct Rematerialization {
  private let graph: Graph
  private let producers: [Int?]
  /// The value whose elements each value shows.
  private let base: [Int]
  /// The steps that read each base or a view of it, in order; views themselves left out.
  private var uses: [[Int]]
  private let isGiven: Set<Int>

  /// Smaller results are not worth an operation.
  private static let smallestBytes = 1 << 20
  /// Fewer steps between two readers do not lie on both sides of a peak.
  private static let smallestGap = 12

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers()
    let live = Liveness(graph)
    base = live.base
    uses = live.readers
    isGiven = Set(graph.inputs).union(graph.constants.map(\.value))
    for output in graph.outputs { uses[base[output]].append(graph.steps.count) }
  }

  private static func isCheap(_ step: Graph.Step) -> Bool {
    switch step.primitive {
    case is any UnaryElementwise, is any BinaryElementwise, is Primitives.FusedGroup,
      is Primitives.Fused, is Primitives.Where:
      return step.outputs.count == 1
    // The statistics are results of their own, which stay.
    case let normalization as Primitives.Normalization: return normalization.isOfRows
    case let rectified as Primitives.RectifiedNormalization: return !rectified.hasShortcut
    default: return false
    }
  }

  /// Where the later readers of a result begin, if it is to be computed again for them.
  private func laterReaders(of i: Int) -> Int? {
    let step = graph.steps[i]
    guard Self.isCheap(step), graph.bytes(step.outputs[0]) >= Self.smallestBytes else { return nil }
    let readers = uses[step.outputs[0]]
    guard let last = readers.last, last < graph.steps.count else { return nil }
    let gaps = zip([i] + readers, readers).map { $1 - $0 }
    guard let widest = gaps.max(), widest >= Self.smallestGap,
      let k = gaps.firstIndex(of: widest), k > 0
    else { return nil }
    // What it is computed from is kept until then.
    let isKept = step.inputs.allSatisfy { input in
      let root = base[input]
      return isGiven.contains(root) || graph.types[root].shape.isEmpty
        || (uses[root].last ?? -1) >= readers[k]
    }
    return isKept ? readers[k] : nil
  }

  func run() -> Graph {
    /// Steps to be done again in front of a step.
    var again: [Int: [Int]] = [:]
    var start: [Int: Int] = [:]
    for i in graph.steps.indices {
      guard let reader = laterReaders(of: i) else { continue }
      again[reader, default: []].append(i)
      start[graph.steps[i].outputs[0]] = reader
    }
    if start.isEmpty { return graph }
    var result = graph
    result.steps = []
    /// The second results, and views of them, by the first ones.
    var second: [Int: Int] = [:]
    for (i, step) in graph.steps.enumerated() {
      for repeated in again[i] ?? [] {
        var copy = graph.steps[repeated]
        copy.inputs = copy.inputs.map { renewed($0, at: i, start, &second, &result) }
        let outputs = copy.outputs.map { result.value(graph.types[$0]) }
        second[copy.outputs[0]] = outputs[0]
        copy.outputs = outputs
        result.steps.append(copy)
      }
      var step = step
      if !step.isView {
        step.inputs = step.inputs.map { renewed($0, at: i, start, &second, &result) }
      }
      result.steps.append(step)
    }
    // Views of first results that only later steps read.
    return Pass.eliminateDead.run(result)
  }

  /// What stands for a value in the step at `i`: the second result, or its view.
  private func renewed(
    _ value: Int, at i: Int, _ start: [Int: Int], _ second: inout [Int: Int], _ result: inout Graph
  ) -> Int {
    guard let from = start[base[value]], i >= from else { return value }
    if let known = second[value] { return known }
    guard let producer = producers[value], graph.steps[producer].isView else { return value }
    var view = graph.steps[producer]
    view.inputs = view.inputs.map { renewed($0, at: i, start, &second, &result) }
    let outputs = view.outputs.map { result.value(graph.types[$0]) }
    for (old, new) in zip(view.outputs, outputs) { second[old] = new }
    view.outputs = outputs
    result.steps.append(view)
    return second[value] ?? value
  }
}

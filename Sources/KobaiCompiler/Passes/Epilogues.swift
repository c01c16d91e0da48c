import CKernels
import KobaiOperators
import KobaiTensor

extension Pass {
  /// Joins products and convolutions with the group, or the elementwise operation, that reads their result
  /// first: it then runs on parts of the result while they lie in the caches. A result that nothing else reads
  /// has no memory of its own.
  static let epilogues = Pass(name: "epilogues") { graph in Epilogues(graph).run() }
}

private struct Epilogues {
  private let graph: Graph
  private let live: Liveness
  private let producers: [Int?]
  private let isOutput: [Bool]
  /// The bytes that are alive during each step, and the most of them.
  private let alive: [Int]
  private let peak: Int

  init(_ graph: Graph) {
    self.graph = graph
    live = Liveness(graph)
    producers = graph.producers()
    var isOutput = [Bool](repeating: false, count: graph.types.count)
    for output in graph.outputs { isOutput[live.base[output]] = true }
    self.isOutput = isOutput
    alive = graph.aliveBytes(live)
    peak = alive.max() ?? 0
  }

  func run() -> Graph {
    var tailed: [Int: Graph.Step] = [:]
    var isGone: Set<Int> = []
    /// Views of results that are outputs now, by the step behind which they stand.
    var moved: [Int: [Graph.Step]] = [:]
    var end = -1
    // Not one within the other: each then is checked with all that lies between its two steps.
    for i in graph.steps.indices where i > end {
      guard let tail = tail(of: i), let step = join(i, tail) else { continue }
      tailed[tail] = step
      isGone.insert(i)
      for k in i + 1..<tail
      where graph.steps[k].isView && live.base[graph.steps[k].outputs[0]] == result(i) {
        isGone.insert(k)
        moved[tail, default: []].append(graph.steps[k])
      }
      end = tail
    }
    if tailed.isEmpty { return graph }
    var result = graph
    result.steps = graph.steps.indices.flatMap { i in
      isGone.contains(i) ? [] : [tailed[i] ?? graph.steps[i]] + (moved[i] ?? [])
    }
    // Views that only tails have read.
    return Pass.eliminateDead.run(result)
  }

  private func result(_ product: Int) -> Int { graph.steps[product].outputs[0] }

  /// The first step that reads the result of a product, or of a convolution.
  private func tail(of i: Int) -> Int? {
    guard graph.steps[i].primitive is any TailedPrimitive else { return nil }
    return live.readers[result(i)].first
  }

  private func join(_ i: Int, _ tail: Int) -> Graph.Step? {
    let (product, follower) = (graph.steps[i], graph.steps[tail])
    guard let primitive = product.primitive as? any TailedPrimitive else { return nil }
    let value = result(i)
    let (dtype, count) = (graph.types[value].dtype, graph.types[value].shape.reduce(1, *))
    guard let (group, inputs) = graph.group(follower), group.program.dtype == dtype,
      kb_fused_is_light(group.program.code)
    else { return nil }
    let mains = inputs.indices.filter { live.base[inputs[$0]] == value }
    guard let main = mains.first, mains.count == 1, isReshape(inputs[main], of: value) else {
      return nil
    }
    let shape = graph.types[inputs[main]].shape
    guard !shape.isEmpty, shape.reduce(1, *) == count else { return nil }
    var isKept = isOutput[value] || live.readers[value].count > 1
    var place: Int?
    if !isKept {
      place = follower.outputs.indices.first { kb_fused_may_replace(group.program.code, $0, main) }
      isKept = place == nil
    }
    guard fits(i, tail, isKept: isKept) else { return nil }
    var others = inputs
    others.remove(at: main)
    return Graph.Step(
      primitive: Primitives.Tailed(
        product: primitive, productInputs: product.inputs.count, group: group, main: main,
        shape: shape, place: place),
      inputs: product.inputs + others, outputs: follower.outputs + (isKept ? [value] : []),
      scope: product.scope)
  }

  /// Whether a value shows all elements of a base in their order.
  private func isReshape(_ value: Int, of base: Int) -> Bool {
    if value == base { return true }
    guard let producer = producers[value], graph.steps[producer].primitive is Primitives.Reshape
    else { return false }
    return isReshape(graph.steps[producer].inputs[0], of: base)
  }

  /// Whether no more than the peak is alive if the product stands where its tail does: what it reads is then
  /// alive for longer.
  private func fits(_ i: Int, _ tail: Int, isKept: Bool) -> Bool {
    let value = result(i)
    let inputs = Set(graph.steps[i].inputs.map { live.base[$0] })
    let own = live.bytes[value]
    return (i + 1...tail).allSatisfy { k in
      if graph.steps[k].isView { return true }
      let longer = inputs.filter { (live.readers[$0].last ?? -1) < k }
        .reduce(0) { $0 + live.bytes[$1] }
      return alive[k] + longer - (k == tail && isKept ? 0 : own) <= peak
    }
  }
}

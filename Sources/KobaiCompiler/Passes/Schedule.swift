import KobaiOperators
import KobaiTensor

extension Pass {
  /// Moves steps to where less memory is alive: results to right before they are read first, if what they are
  /// computed from is smaller or kept anyway; the last readers of large results to right behind the others.
  ///
  /// Each move lowers what is alive between the two places and raises it nowhere.
  static let schedule = Pass(name: "schedule") { graph in
    var schedule = Schedule(graph)
    schedule.run()
    return schedule.result()
  }
}

private struct Schedule {
  private let graph: Graph
  private let live: Liveness
  private let producers: [Int?]
  /// The steps that are no views, in order; and where each stands.
  private var order: [Int]
  private var position: [Int]
  /// For each step, others that it must stay behind and in front of: random numbers are drawn in order, and a
  /// value is replaced when all have read it.
  private var earlier: [[Int]]
  private var later: [[Int]]

  init(_ graph: Graph) {
    self.graph = graph
    live = Liveness(graph)
    producers = graph.producers()
    order = graph.steps.indices.filter { !graph.steps[$0].isView }
    position = Array(repeating: -1, count: graph.steps.count)
    earlier = Array(repeating: [], count: graph.steps.count)
    later = Array(repeating: [], count: graph.steps.count)
    for (p, step) in order.enumerated() { position[step] = p }
    let drawing = order.filter { graph.steps[$0].drawsNumbers }
    for (first, second) in zip(drawing, drawing.dropFirst()) { keep(first, before: second) }
    for (output, input) in graph.donors where output < graph.outputs.count {
      guard let producer = producers[live.base[graph.outputs[output]]] else { continue }
      for reader in live.readers[graph.inputs[input]] where reader < producer {
        keep(reader, before: producer)
      }
    }
  }

  private mutating func keep(_ first: Int, before second: Int) {
    later[first].append(second)
    earlier[second].append(first)
  }

  mutating func run() {
    // Moves make room for others; there are hardly ever more than two rounds of them.
    for _ in 0..<4 {
      var isMoved = false
      for step in order.reversed() where sink(step) { isMoved = true }
      for step in order where hoist(step) { isMoved = true }
      if !isMoved { return }
    }
  }

  private func bases(_ step: Int) -> Set<Int> {
    Set(graph.steps[step].inputs.map { live.base[$0] })
  }

  /// The position of the last reader of a base but for one step; that of its producer if there is none.
  private func lastUse(_ base: Int, except step: Int) -> Int {
    let given = producers[base].map { position[$0] } ?? -1
    return live.readers[base].reduce(given) { $1 == step ? $0 : max($0, position[$1]) }
  }

  private mutating func sink(_ step: Int) -> Bool {
    let outputs = graph.steps[step].outputs
    let gain = outputs.reduce(0) { $0 + (live.readers[$1].isEmpty ? 0 : live.bytes[$1]) }
    guard gain > 0 else { return false }
    let readers = outputs.flatMap { live.readers[$0] } + later[step]
    guard let first = readers.map({ position[$0] }).min() else { return false }
    let target = first - 1
    guard target > position[step] else { return false }
    let cost = bases(step).reduce(0) {
      $0 + (lastUse($1, except: step) < target ? live.bytes[$1] : 0)
    }
    guard cost < gain else { return false }
    move(step, to: target)
    return true
  }

  private mutating func hoist(_ step: Int) -> Bool {
    let here = position[step]
    let bases = bases(step)
    let dying = bases.filter { live.bytes[$0] > 0 && lastUse($0, except: step) < here }
    let gain = dying.reduce(0) { $0 + live.bytes[$1] }
    let cost = graph.steps[step].outputs.reduce(0) { $0 + live.bytes[$1] }
    guard gain > cost else { return false }
    let target =
      (bases.map { producers[$0].map { position[$0] } ?? -1 }
      + dying.map { lastUse($0, except: step) } + earlier[step].map { position[$0] })
      .reduce(-1, max) + 1
    guard target < here else { return false }
    move(step, to: target)
    return true
  }

  private mutating func move(_ step: Int, to target: Int) {
    let from = position[step]
    order.remove(at: from)
    order.insert(step, at: target)
    for p in min(from, target)...max(from, target) { position[order[p]] = p }
  }

  /// The graph in the new order, each view in front of its first reader.
  func result() -> Graph {
    var steps: [Graph.Step] = []
    var isGiven = [Bool](repeating: false, count: graph.steps.count)
    func give(_ i: Int) {
      if isGiven[i] { return }
      isGiven[i] = true
      for input in graph.steps[i].inputs {
        if let producer = producers[input], graph.steps[producer].isView { give(producer) }
      }
      steps.append(graph.steps[i])
    }
    for step in order { give(step) }
    for i in graph.steps.indices { give(i) }
    var result = graph
    result.steps = steps
    return result.renumbered()
  }
}

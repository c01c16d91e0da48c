import CKernels
import Synchronization

/// One backward pass: visits the nodes below some outputs, deepest first, and carries cotangents from
/// each to its parents. Its memory is kept per thread, so a pass allocates nothing.
public final class Walk {
  /// Adds two cotangents. Handed in: this module names no operation.
  public typealias Sum = @Sendable (Tensor, Tensor) -> Tensor

  @usableFromInline @exclusivity(unchecked) var createGraph = false
  @usableFromInline @exclusivity(unchecked) var retainGraph = false
  /// Whether gradients go to chosen nodes instead of to the leaves' `.grad`.
  @exclusivity(unchecked) var isSelective = false
  @exclusivity(unchecked) var sum: Sum = { a, _ in a }

  @exclusivity(unchecked) private var heap = Stack<(depth: Int32, node: Unmanaged<Node>)>()
  @exclusivity(unchecked) private var slots = Stack<Tensor?>()
  @exclusivity(unchecked) private var freeSlots = Stack<Int32>()
  @exclusivity(unchecked) private var outputs: [ObjectIdentifier: [Tensor?]] = [:]
  /// Where the cotangents that are asked for go; `output` counts for nodes with several outputs.
  @exclusivity(unchecked) private var targets: [ObjectIdentifier: [(result: Int, output: Int)]] =
    [:]
  @exclusivity(unchecked) private var results: [Tensor?] = []
  @exclusivity(unchecked) private var shallowest: Int32 = 0
  @exclusivity(unchecked) private var level: Int32 = 0
  @exclusivity(unchecked) private var checksNumbers = false
  @exclusivity(unchecked) private var ownsScratch = false
  /// Used in place of the nodes' own scratch while another walk holds that; empty between two passes.
  @exclusivity(unchecked) private var slotTable: [ObjectIdentifier: Int32] = [:]

  /// Only one walk at a time may use the scratch inside of the nodes; others use a table.
  private static let scratchOwner = Atomic<Bool>(false)

  @usableFromInline static let secondBackward = """
    backward: trying to backward through the graph a second time (or directly access saved tensors \
    after they have already been freed). Saved intermediate values of the graph are freed when you \
    call .backward() or gradients(of:wrt:). Specify retainGraph: true if you need to backward \
    through the graph a second time or if you need to access saved tensors after calling backward
    """

  init() {}

  deinit {
    heap.deallocate()
    slots.deallocate()
    freeSlots.deallocate()
  }

  /// Accumulates the gradient of `root`, weighted by `cotangent`, into the leaves below it.
  public static func accumulate(
    _ root: Node, _ cotangent: Tensor, retainGraph: Bool, createGraph: Bool, sum: @escaping Sum
  ) {
    withWalk(retainGraph: retainGraph, createGraph: createGraph, sum: sum) { walk in
      walk.level = root.level
      walk.add(root, cotangent, from: nil)
      walk.run()
    }
    withExtendedLifetime(root) {}
  }

  /// The gradients of `roots` with respect to `targets`; nil for one that no root depends on.
  ///
  /// - Parameter keepsEdges: the cotangents' own edges stay, and lead to the results.
  public static func gradients(
    _ roots: [(Node, Tensor)], to targets: [Node?], retainGraph: Bool, createGraph: Bool,
    keepsEdges: Bool = false, sum: @escaping Sum
  ) -> [Tensor?] {
    withWalk(retainGraph: retainGraph, createGraph: createGraph, sum: sum) { walk in
      walk.isSelective = true
      // What a transform is given as a cotangent may be tracked by another one.
      walk.level = keepsEdges ? .max : roots.reduce(0) { max($0, $1.0.level) }
      walk.results = Array(repeating: nil, count: targets.count)
      walk.shallowest = Int32.max
      for (i, target) in targets.enumerated() {
        guard let target else { continue }
        let (node, output) = target.origin
        walk.targets[ObjectIdentifier(node), default: []].append((i, output))
        walk.shallowest = min(walk.shallowest, node.depth)
      }
      for (node, cotangent) in roots { walk.add(node, cotangent, from: nil) }
      withExtendedLifetime((roots, targets)) { walk.run() }
      return walk.results
    }
  }

  /// Calls `body` with this thread's walk, taken out of its place so that a walk inside of a hook gets
  /// another.
  @inline(__always)
  private static func withWalk<R>(
    retainGraph: Bool, createGraph: Bool, sum: @escaping Sum, _ body: (Walk) -> R
  ) -> R {
    let owned: Unmanaged<Walk>
    if let workspace = kb_context_workspace() {
      kb_context_set_workspace(nil)
      owned = Unmanaged<Walk>.fromOpaque(workspace)
    } else {
      owned = Unmanaged.passRetained(Walk())
      kb_context_release_at_exit { Unmanaged<Walk>.fromOpaque($0).release() }
    }
    let result = owned._withUnsafeGuaranteedRef { walk in
      walk.begin(retainGraph: retainGraph, createGraph: createGraph, sum: sum)
      let result = body(walk)
      walk.end()
      return result
    }
    if kb_context_workspace() == nil {
      kb_context_set_workspace(owned.toOpaque())
    } else {
      owned.release()
    }
    return result
  }

  private func begin(retainGraph: Bool, createGraph: Bool, sum: @escaping Sum) {
    self.createGraph = createGraph
    self.retainGraph = retainGraph
    self.sum = sum
    checksNumbers = kb_context_flags() & UInt32(KB_CONTEXT_ANOMALY) != 0
    ownsScratch =
      Walk.scratchOwner.compareExchange(
        expected: false, desired: true, ordering: .acquiring
      ).exchanged
  }

  private func run() {
    while let node = popDeepest() { node._withUnsafeGuaranteedRef { visit($0) } }
  }

  private func end() {
    if ownsScratch { Walk.scratchOwner.store(false, ordering: .releasing) }
    if isSelective {
      targets.removeAll(keepingCapacity: true)
      results.removeAll(keepingCapacity: true)
      shallowest = 0
      isSelective = false
    }
    if !outputs.isEmpty { outputs.removeAll(keepingCapacity: true) }
  }

  private func visit(_ node: Node) {
    let slot = takeSlot(of: node)
    freeSlots.append(slot)
    let cotangent = slots.take(at: Int(slot))
    if node.extras != nil || isSelective || checksNumbers {
      return visitObserved(node, cotangent)
    }
    if let cotangent {
      node.propagate(cotangent, self)
    } else {
      node.propagateOutputs(self)
    }
  }

  /// A visit that hooks, asked-for gradients or the test for numbers take part in.
  @inline(never)
  private func visitObserved(_ node: Node, _ cotangent: Tensor?) {
    var cotangent = cotangent
    if let extras = node.extras {
      if let all = node.lock.withLock({ extras.outputs }) {
        runHooks(ofOutputsOf: unsafeDowncast(node, to: GeneralNode.self), all)
      } else {
        cotangent = node.runHooks(extras, cotangent, self)
      }
    }
    if isSelective, let wanted = targets[ObjectIdentifier(node)] {
      let list = outputs[ObjectIdentifier(node)]
      for (i, output) in wanted { results[i] = list?[output] ?? cotangent }
    }
    func propagate() {
      if let cotangent {
        node.propagate(cotangent, self)
      } else {
        node.propagateOutputs(self)
      }
    }
    if checksNumbers {
      Anomaly.inBackward(of: node, cotangent, propagate)
    } else {
      propagate()
    }
  }

  /// Adds to the cotangent of `node`, which is visited in its turn.
  @usableFromInline
  func add(_ node: Node, _ cotangent: consuming Tensor, from child: Node?) {
    if node.depth < shallowest { return }
    if checksNumbers, let child { Anomaly.checkBackward(copy cotangent, child) }
    cotangent = withoutOwnEdge(cotangent)
    let known = slot(of: node)
    let slot = known < 0 ? enqueue(node) : Int(known)
    if let old = slots.take(at: slot) {
      let total = sum(old, cotangent)
      slots.fill(total, at: slot)
    } else {
      slots.fill(cotangent, at: slot)
    }
  }

  /// A cotangent without the record of how it was made, unless derivatives are to be differentiated in
  /// turn. Edges below the level of the walk are another transform's and stay.
  @inline(__always)
  fileprivate func withoutOwnEdge(_ cotangent: consuming Tensor) -> Tensor {
    if !createGraph, let edge = cotangent.node, edge.level >= level { cotangent.node = nil }
    return cotangent
  }

  /// Adds to the cotangent of one of several outputs.
  func add(_ node: GeneralNode, output: Int, _ cotangent: Tensor) {
    let id = ObjectIdentifier(node)
    var list = outputs[id] ?? Array(repeating: nil, count: node.types.count)
    list[output] = list[output].map { sum($0, cotangent) } ?? cotangent
    outputs[id] = list
    if slot(of: node) < 0 { _ = enqueue(node) }
  }

  /// The cotangents of a node with several outputs, which is being visited.
  func takeOutputs(of node: GeneralNode) -> [Tensor?] {
    outputs.removeValue(forKey: ObjectIdentifier(node)) ?? node.types.map { _ in nil }
  }

  /// Runs the hooks of outputs before anything else sees their cotangents.
  private func runHooks(ofOutputsOf node: GeneralNode, _ all: [NodeExtras?]) {
    guard var list = outputs[ObjectIdentifier(node)] else { return }
    for (i, extras) in all.enumerated() {
      if let extras { list[i] = node.runHooks(extras, list[i], self) }
    }
    outputs[ObjectIdentifier(node)] = list
  }

  /// Has `node` visited in its turn, and returns the slot, empty yet, for its cotangent.
  private func enqueue(_ node: Node) -> Int {
    let slot: Int32
    if let free = freeSlots.popLast() {
      slot = free
    } else {
      slot = Int32(slots.count)
      slots.append(nil)
    }
    if ownsScratch { node.slot = slot } else { slotTable[ObjectIdentifier(node)] = slot }
    push(node)
    return Int(slot)
  }

  private func slot(of node: Node) -> Int32 {
    ownsScratch ? node.slot : slotTable[ObjectIdentifier(node)] ?? -1
  }

  private func takeSlot(of node: Node) -> Int32 {
    if ownsScratch {
      defer { node.slot = -1 }
      return node.slot
    }
    return slotTable.removeValue(forKey: ObjectIdentifier(node)) ?? -1
  }

  // A binary heap, deepest first. Nodes are held by their children, the first ones by the caller.

  private func push(_ node: Node) {
    let entry = (depth: node.depth, node: Unmanaged.passUnretained(node))
    var i = heap.count
    heap.append(entry)
    while i > 0 {
      let parent = (i - 1) / 2
      if heap[parent].depth >= entry.depth { break }
      heap[i] = heap[parent]
      i = parent
    }
    heap[i] = entry
  }

  private func popDeepest() -> Unmanaged<Node>? {
    guard let last = heap.popLast() else { return nil }
    if heap.count == 0 { return last.node }
    let first = heap[0]
    var i = 0
    while true {
      var child = 2 * i + 1
      if child >= heap.count { break }
      if child + 1 < heap.count && heap[child + 1].depth > heap[child].depth { child += 1 }
      if heap[child].depth <= last.depth { break }
      heap[i] = heap[child]
      i = child
    }
    heap[i] = last
    return first.node
  }
}

extension Node {
  fileprivate func runHooks(_ extras: NodeExtras, _ cotangent: Tensor?, _ walk: Walk) -> Tensor? {
    let (hooks, retains) = lock.withLock { (extras.hooks, extras.retainsGrad) }
    guard var result = cotangent else { return nil }
    for (_, hook) in hooks {
      if let replaced = hook(result) { result = walk.withoutOwnEdge(replaced) }
    }
    if retains && !walk.isSelective {
      let old = lock.withLock { extras.grad }
      let new = old.map { walk.sum($0, result) } ?? result
      lock.withLock { extras.grad = new }
    }
    return result
  }
}

/// Memory for the walk that is never shared, so that an access is neither checked nor counted.
private struct Stack<Element> {
  private(set) var count = 0
  private var capacity = 0
  fileprivate private(set) var base: UnsafeMutablePointer<Element>?

  mutating func append(_ element: consuming Element) {
    if count == capacity { grow() }
    (base.unsafelyUnwrapped + count).initialize(to: element)
    count += 1
  }

  mutating func popLast() -> Element? {
    if count == 0 { return nil }
    count -= 1
    return (base.unsafelyUnwrapped + count).move()
  }

  subscript(i: Int) -> Element {
    get { base.unsafelyUnwrapped[i] }
    nonmutating set { base.unsafelyUnwrapped[i] = newValue }
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: max(16, capacity * 2))
    if let base {
      larger.moveInitialize(from: base, count: count)
      base.deallocate()
    }
    base = larger
    capacity = max(16, capacity * 2)
  }

  func deallocate() {
    base?.deinitialize(count: count)
    base?.deallocate()
  }
}

extension Stack<Tensor?> {
  /// The element at `i`, which is nil afterwards.
  func take(at i: Int) -> Tensor? {
    let element = (base.unsafelyUnwrapped + i).move()
    (base.unsafelyUnwrapped + i).initialize(to: nil)
    return element
  }

  /// Writes to `i`, where nil is: there is nothing to release.
  func fill(_ element: consuming Tensor, at i: Int) {
    (base.unsafelyUnwrapped + i).initialize(to: element)
  }
}

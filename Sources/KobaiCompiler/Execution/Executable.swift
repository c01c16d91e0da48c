import KobaiOperators
import KobaiTensor
import Synchronization

/// A graph ready to be run on elements.
///
/// The first run for inputs that lie in memory in some way evaluates each step, as eager calls do, and
/// observes how results lie. From it a `Replay` is made, which later runs use.
///
/// `@unchecked Sendable`: immutable but for the sessions, which are handed out under a lock.
final class Executable: @unchecked Sendable {
  let graph: Graph
  let instructions: [Instruction]
  /// What a value slot holds before a run: the constants.
  private let initial: [Value]
  /// The session that was used last; further ones, of runs at the same time.
  private let spare = Atomic<UInt>(0)
  private let idle = Locked<[Session]>([])
  private let observed = Locked<MemoryPlan?>(nil)

  init(_ graph: Graph) {
    self.graph = graph
    var initial = [Value](repeating: .nothing, count: graph.types.count)
    for (number, tensor) in graph.constants { initial[number] = tensor.detach().current.value }
    self.initial = initial
    instructions = Instruction.list(for: graph)
  }

  /// The value of a constant.
  func constant(_ number: Int) -> Value { initial[number] }

  /// Calls `body` with a session of its own.
  func withSession<Result>(_ body: (Session) -> Result) -> Result {
    // The reference is handed from the executable to the run and back without being counted.
    let session = begin()
    let result = session._withUnsafeGuaranteedRef(body)
    end(session)
    return result
  }

  private func begin() -> Unmanaged<Session> {
    if let session = Self.session(spare.exchange(0, ordering: .acquiring)) { return session }
    return .passRetained(
      idle.withLock { $0.popLast() }
        ?? Session(inputCount: graph.inputs.count, outputCount: graph.outputs.count))
  }

  private func end(_ session: Unmanaged<Session>) {
    let address = UInt(bitPattern: session.toOpaque())
    let (isKept, _) = spare.compareExchange(
      expected: 0, desired: address, successOrdering: .releasing, failureOrdering: .relaxed)
    if isKept { return }
    let other = session.takeRetainedValue()
    idle.withLock { $0.append(other) }
  }

  /// The session at an address, whose reference is taken over.
  private static func session(_ address: UInt) -> Unmanaged<Session>? {
    UnsafeRawPointer(bitPattern: address).map { .fromOpaque($0) }
  }

  deinit { Self.session(spare.load(ordering: .acquiring))?.release() }

  /// The outputs' elements. Inputs are taken out of `inputs`.
  func run(_ inputs: inout [Value]) -> [Value] {
    withSession { session in
      for i in inputs.indices { swap(&session.inputs[i], &inputs[i]) }
      run(session)
      return graph.outputs.indices.map { session.takeOutput($0) }
    }
  }

  /// Runs on the session's inputs, which are let go.
  ///
  /// - Parameter isOnly: whether no other run follows, for which to make a replay.
  func run(_ session: Session, isOnly: Bool = false) {
    if session.replayFirst() { return }
    for replay in session.replays.dropFirst() where replay.fits(session.inputs) {
      return replay.run(session)
    }
    let slots = Slots(initial)
    for (number, i) in zip(graph.inputs, session.inputs.indices) {
      swap(&slots[number], &session.inputs[i])
    }
    session.forgetRecycled()
    let observation = isOnly ? nil : ObservedLayouts(graph, slots)
    // What tracing left is not needed any more.
    if observation != nil, graph.peakBytes > Self.largestSpare { Memory.trim() }
    var spare = Memory.reserved - Memory.current
    for instruction in instructions {
      guard instruction.run(slots, observation) else {
        for i in session.outputs.indices { session.outputs[i] = .poison }
        return session.forgetInputs()
      }
      if Memory.reserved - Memory.current > spare + Self.largestSpare {
        Memory.trim()
        spare = Memory.reserved - Memory.current
      }
    }
    for (i, output) in graph.outputs.enumerated() { session.outputs[i] = slots[output] }
    session.forgetInputs()
    guard let observation else { return }
    let replay = Replay(self, observation)
    // Its arena is one block, for which none of those serve that this run leaves.
    if replay.plan.arenaBytes > Self.largestSpare { Memory.trim() }
    observed.withLock { $0 = replay.plan }
    session.add(replay)
  }

  /// The plan of the replay that was made last; before there is one, that of inputs that are contiguous.
  var memoryPlan: MemoryPlan { observed.withLock { $0 } ?? graph.memoryPlan }

  /// How many more bytes a run that evaluates each step leaves with the allocator for reuse: it is one of a
  /// few, and would raise the memory of the process above what all later ones need.
  private static let largestSpare = 8 << 20
}

/// What one run is given and what it gives; used by one thread at a time.
final class Session: @unchecked Sendable {
  let inputs: UnsafeMutableBufferPointer<Value>
  let outputs: UnsafeMutableBufferPointer<Value>
  /// For outputs, values that are not needed any more, whose memory they may take.
  let recycled: UnsafeMutableBufferPointer<Value>
  /// For each way in which inputs have lain in memory, the last one first.
  private(set) var replays: [Replay] = []
  private var first: Unmanaged<Replay>?

  /// Whether inputs lie as they did last, for which the run then is done.
  func replayFirst() -> Bool {
    first?._withUnsafeGuaranteedRef { replay in
      guard replay.fits(inputs) else { return false }
      replay.run(self)
      return true
    } ?? false
  }

  init(inputCount: Int, outputCount: Int) {
    func slots(_ count: Int) -> UnsafeMutableBufferPointer<Value> {
      let slots = UnsafeMutableBufferPointer<Value>.allocate(capacity: count)
      slots.initialize(repeating: .nothing)
      return slots
    }
    inputs = slots(inputCount)
    outputs = slots(outputCount)
    recycled = slots(outputCount)
  }

  deinit {
    for slots in [inputs, outputs, recycled] {
      slots.deinitialize()
      slots.deallocate()
    }
  }

  func takeOutput(_ i: Int) -> Value {
    var value = Value.nothing
    swap(&value, &outputs[i])
    return value
  }

  func forgetInputs() {
    for i in inputs.indices { inputs[i] = .nothing }
    forgetRecycled()
  }

  func forgetRecycled() {
    for i in recycled.indices where recycled[i].body != nil { recycled[i] = .nothing }
  }

  func forgetOutputs() {
    for i in outputs.indices { outputs[i] = .nothing }
  }

  /// More than this many kinds of strides in turn are evaluated rather than replayed.
  private static let largestCount = 8

  fileprivate func add(_ replay: Replay) {
    if replays.count == Self.largestCount { replays.removeLast() }
    replays.insert(replay, at: 0)
    first = .passUnretained(replay)
  }
}

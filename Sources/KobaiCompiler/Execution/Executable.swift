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
  /// For an output, the input whose memory it may take: the value that it replaces.
  let donors: [Int: Int]
  /// What a value slot holds before a run: the constants.
  private let initial: [Value]
  /// The session that was used last; further ones, of runs at the same time.
  private let spare = Atomic<UInt>(0)
  private let idle = Locked<[Session]>([])

  init(_ graph: Graph, donors: [Int: Int] = [:]) {
    self.graph = graph
    self.donors = donors
    var initial = [Value](repeating: .nothing, count: graph.types.count)
    for (number, tensor) in graph.constants { initial[number] = tensor.detach().current.value }
    self.initial = initial
    instructions = Instruction.list(for: graph)
  }

  /// The value of a constant.
  func constant(_ number: Int) -> Value { initial[number] }

  /// A session of its own for one run, to be given back by `end`.
  func begin() -> Session {
    if let session = Self.session(spare.exchange(0, ordering: .acquiring)) { return session }
    return idle.withLock { $0.popLast() }
      ?? Session(inputCount: graph.inputs.count, outputCount: graph.outputs.count)
  }

  func end(_ session: Session) {
    let address = UInt(bitPattern: Unmanaged.passRetained(session).toOpaque())
    let (isKept, _) = spare.compareExchange(
      expected: 0, desired: address, successOrdering: .releasing, failureOrdering: .relaxed)
    if isKept { return }
    if let session = Self.session(address) { idle.withLock { $0.append(session) } }
  }

  /// The session at an address, whose reference is taken over.
  private static func session(_ address: UInt) -> Session? {
    UnsafeRawPointer(bitPattern: address).map {
      Unmanaged<Session>.fromOpaque($0).takeRetainedValue()
    }
  }

  deinit { _ = Self.session(spare.load(ordering: .acquiring)) }

  /// The outputs' elements. Inputs are taken out of `inputs`.
  func run(_ inputs: inout [Value]) -> [Value] {
    let session = begin()
    defer { end(session) }
    for i in inputs.indices { swap(&session.inputs[i], &inputs[i]) }
    run(session)
    return graph.outputs.indices.map { session.takeOutput($0) }
  }

  /// Runs on the session's inputs, which are let go.
  ///
  /// - Parameter isOnly: whether no other run follows, for which to make a replay.
  func run(_ session: Session, isOnly: Bool = false) {
    for replay in session.replays where replay.fits(session.inputs) {
      return replay.run(session)
    }
    let slots = Slots(initial)
    for (number, i) in zip(graph.inputs, session.inputs.indices) {
      swap(&slots[number], &session.inputs[i])
    }
    let observation = isOnly ? nil : ObservedLayouts(graph, slots)
    for instruction in instructions where !instruction.run(slots, observation) {
      for i in session.outputs.indices { session.outputs[i] = .poison }
      return session.forgetInputs()
    }
    for (i, output) in graph.outputs.enumerated() { session.outputs[i] = slots[output] }
    session.forgetInputs()
    if let observation { session.add(Replay(self, observation)) }
  }
}

/// What one run is given and what it gives; used by one thread at a time.
final class Session: @unchecked Sendable {
  let inputs: UnsafeMutableBufferPointer<Value>
  let outputs: UnsafeMutableBufferPointer<Value>
  /// For outputs, values that are not needed any more, whose memory they may take.
  let recycled: UnsafeMutableBufferPointer<Value>
  /// For each way in which inputs have lain in memory, the last one first.
  private(set) var replays: [Replay] = []

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
  }
}

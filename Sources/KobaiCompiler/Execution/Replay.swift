import CKernels
import KobaiOperators
import KobaiTensor

/// Runs a graph on inputs that lie in memory as they did when it was observed: a flat list of kernels on
/// addresses that are known beforehand. Nothing is allocated but the outputs, and what operations without a
/// prepared kernel give.
///
/// `@unchecked Sendable`: belongs to a session.
final class Replay: @unchecked Sendable {
  let plan: MemoryPlan
  private let executable: Executable
  /// The layouts of inputs; nil for single elements.
  private let inputLayouts: [Layout?]
  private let addresses: Addresses
  private let steps: UnsafeMutableBufferPointer<Step>
  private let scalars: UnsafeMutableBufferPointer<kb_scalar_op>
  private let results: [Result]
  private let cells: Body
  private let words: UnsafeMutablePointer<UInt64>
  private let inputCells: [(input: Int, cell: Int)]
  private let inputArrays: [(input: Int, value: Int)]

  /// The values of the run.
  private let owned: UnsafeMutableBufferPointer<Body?>
  private let dynamic: UnsafeMutableBufferPointer<Value>
  private let dynamicValues: [Int]
  private var arena: Body?
  private var arenaAddress: UnsafeMutableRawPointer?

  /// Larger arenas are given back after each run: another compiled function may need the memory.
  private static let keptArenaBytes = 1 << 20

  struct Step {
    enum Kind { case scalars, kernel, evaluate }
    var kind: Kind
    /// Where its addresses, or operations on single elements, begin; how many these are.
    var start = 0
    var count = 0
    var run: (@Sendable (Prepared.Memory) -> Bool)?
    var source: Graph.Step?
    /// Results of evaluated steps that nothing reads any more.
    var releases: [Int] = []
  }

  /// How an output is made.
  enum Result {
    case cell(Int, DType)
    case owned(Int, DType)
    case view(base: Int, value: Int)
  }

  init(_ executable: Executable, _ observation: ObservedLayouts) {
    self.executable = executable
    let graph = executable.graph
    let builder = ReplayBuilder(executable, observation)
    plan = builder.plan
    let plan = plan
    inputLayouts = graph.inputs.map { plan.isCell($0) ? nil : plan.layouts[$0] }
    addresses = builder.addresses
    steps = .allocate(capacity: builder.steps.count)
    _ = steps.initialize(from: builder.steps)
    cells = Body(
      layout: Layout(contiguous: [8 * plan.cellCount + 8]), dtype: .uint8)
    words = cells.pointer.bindMemory(to: UInt64.self, capacity: plan.cellCount + 1)
    words.initialize(repeating: 0, count: plan.cellCount + 1)
    scalars = .allocate(capacity: builder.scalars.count)
    let words = words
    _ = scalars.initialize(
      from: builder.scalars.map { operation in
        kb_scalar_op(
          opcode: operation.opcode, dtype: operation.dtype.code, x: words + operation.x,
          y: operation.y < 0 ? nil : words + operation.y, z: words + operation.z)
      })
    owned = .allocate(capacity: plan.owned.count)
    owned.initialize(repeating: nil)
    dynamic = .allocate(capacity: graph.types.count)
    dynamic.initialize(repeating: .nothing)
    dynamicValues = builder.dynamicValues
    var inputCells: [(input: Int, cell: Int)] = []
    var inputArrays: [(input: Int, value: Int)] = []
    for (i, input) in graph.inputs.enumerated() {
      if case .cell(let cell) = plan.places[input] {
        inputCells.append((i, cell))
      } else {
        inputArrays.append((i, input))
      }
    }
    (self.inputCells, self.inputArrays) = (inputCells, inputArrays)
    results = graph.outputs.map { output in
      let base = plan.base[output]
      let dtype = graph.types[output].dtype
      guard base == output else { return .view(base: base, value: output) }
      switch plan.places[output] {
      case .cell(let cell): return .cell(cell, dtype)
      case .owned(let number): return .owned(number, dtype)
      default: return .view(base: base, value: output)
      }
    }
    for value in graph.types.indices where plan.base[value] == value {
      if case .cell(let cell) = plan.places[value] { addresses.set(value, words + cell) }
    }
    for constant in graph.constants {
      let value = executable.constant(constant.value)
      if case .cell(let cell) = plan.places[constant.value] {
        words[cell] = value.bits
      } else if let body = value.body {
        addresses.set(constant.value, body.pointer)
      }
    }
  }

  deinit {
    steps.deinitialize()
    steps.deallocate()
    scalars.deallocate()
    owned.deinitialize()
    owned.deallocate()
    dynamic.deinitialize()
    dynamic.deallocate()
  }

  /// Whether inputs, which have the types of the graph's, lie as they did.
  func fits(_ inputs: UnsafeMutableBufferPointer<Value>) -> Bool {
    for (i, expected) in inputLayouts.enumerated() {
      guard let expected else {
        if inputs[i].body != nil { return false }
        continue
      }
      guard let layout = inputs[i].body?.layout else { return false }
      if layout === expected || layout.isContiguous && expected.isContiguous { continue }
      if layout.strides != expected.strides { return false }
    }
    return true
  }

  func run(_ session: Session) {
    for (input, cell) in inputCells { words[cell] = session.inputs[input].bits }
    for (input, value) in inputArrays {
      if let body = session.inputs[input].body { addresses.set(value, body.pointer) }
    }
    takeOwned(session)
    takeArena()
    var isSound = true
    for i in steps.indices where isSound {
      isSound = run(i, session)
      for value in steps[i].releases { dynamic[value] = .nothing }
    }
    for i in results.indices {
      session.outputs[i] = isSound ? output(i, session) : .poison
    }
    for number in owned.indices { owned[number] = nil }
    for value in dynamicValues { dynamic[value] = .nothing }
    if plan.arenaBytes > Self.keptArenaBytes { arena = nil }
    session.forgetInputs()
  }

  private func run(_ i: Int, _ session: Session) -> Bool {
    switch steps[i].kind {
    case .scalars:
      kb_scalar_run(steps[i].count, scalars.baseAddress?.advanced(by: steps[i].start))
      return true
    case .kernel:
      guard let run = steps[i].run else { return false }
      return run(addresses.operands(steps[i].start)) || evaluate(i, session)
    case .evaluate:
      return evaluate(i, session)
    }
  }

  private func takeArena() {
    guard plan.arenaBytes > 0 else { return }
    let arena = arena ?? Body(layout: Layout(contiguous: [plan.arenaBytes]), dtype: .uint8)
    self.arena = arena
    guard arena.pointer != arenaAddress else { return }
    arenaAddress = arena.pointer
    for value in plan.places.indices where plan.base[value] == value {
      if case .arena(let offset) = plan.places[value] {
        addresses.set(value, arena.pointer + offset)
      }
    }
  }

  /// The memory of outputs: what they replace where nothing else refers to it, or fresh.
  private func takeOwned(_ session: Session) {
    for (number, entry) in plan.owned.enumerated() {
      var body: Body?
      if let donor = entry.donor {
        body = Self.take(&session.inputs[donor], entry.type)
      }
      for output in entry.recycles where body == nil {
        body = Self.take(&session.recycled[output], entry.type)
      }
      let memory = body ?? Body(layout: entry.type.layout, dtype: entry.type.dtype)
      owned[number] = memory
      addresses.set(ownedValues[number], memory.pointer)
    }
  }

  private static func take(_ value: inout Value, _ type: StridedType) -> Body? {
    guard isKnownUniquelyReferenced(&value.body), let body = value.body, body.ownsMemory,
      body.layout.isContiguous, body.layout.count == type.layout.count, value.dtype == type.dtype
    else { return nil }
    value = .nothing
    return body
  }

  /// The values that lie in each owned block.
  private lazy var ownedValues: [[Int]] = {
    var values = [[Int]](repeating: [], count: plan.owned.count)
    for value in plan.places.indices where plan.base[value] == value {
      if case .owned(let number) = plan.places[value] { values[number].append(value) }
    }
    return values
  }()

  private func output(_ i: Int, _ session: Session) -> Value {
    switch results[i] {
    case .cell(let cell, let dtype):
      return Value(bits: words[cell], dtype: dtype)
    case .owned(let number, let dtype):
      return owned[number].map { Value(body: $0, dtype: dtype) } ?? .poison
    case .view(let base, let value):
      // A cell is written again by the next run.
      if case .cell(let cell) = plan.places[base] {
        let dtype = executable.graph.types[base].dtype
        return Value(bits: words[cell], dtype: dtype).view(plan.layouts[value])
      }
      return self.value(value, session)
    }
  }

  /// A value as operations without a prepared kernel read it.
  private func value(_ number: Int, _ session: Session) -> Value {
    let base = plan.base[number]
    let dtype = executable.graph.types[number].dtype
    let isBase = base == number
    switch plan.places[base] {
    case .input(let i):
      // An output may have taken its memory.
      if let body = session.inputs[i].body {
        return isBase ? session.inputs[i] : view(number, of: body)
      }
      for (k, entry) in plan.owned.enumerated() where entry.donor == i {
        if let body = owned[k] {
          return isBase ? Value(body: body, dtype: dtype) : view(number, of: body)
        }
      }
      return .poison
    case .constant:
      let constant = executable.constant(base)
      guard !isBase, let body = constant.body else { return constant }
      return view(number, of: body)
    case .cell(let cell):
      return isBase ? Value(bits: words[cell], dtype: dtype) : view(number, of: cells, 8 * cell)
    case .arena(let offset):
      return arena.map { view(number, of: $0, offset) } ?? .poison
    case .owned(let k):
      guard let body = owned[k] else { return .poison }
      return isBase ? Value(body: body, dtype: dtype) : view(number, of: body)
    case .dynamic:
      guard !isBase, let body = dynamic[base].body else { return dynamic[base] }
      return view(number, of: body)
    }
  }

  private func view(_ number: Int, of body: Body, _ start: Int = 0) -> Value {
    Value(
      body: Body(
        viewing: body, layout: plan.layouts[number], byteOffset: start + plan.byteOffset[number]),
      dtype: executable.graph.types[number].dtype)
  }

  /// Evaluates a step that has no prepared kernel, or whose kernel has refused its elements: then the
  /// operation says why.
  private func evaluate(_ i: Int, _ session: Session) -> Bool {
    guard let step = steps[i].source else { return false }
    let inputs = step.inputs.map { value($0, session) }
    let values = step.primitive.evaluate(inputs)
    guard values.allSatisfy(\.meta.isPlain), steps[i].kind == .evaluate else { return false }
    for (output, value) in zip(step.outputs, values) {
      if case .cell(let cell) = plan.places[output] {
        words[cell] = value.bits
        continue
      }
      guard plan.base[output] == output else { continue }
      let result = value.lying(in: plan.layouts[output], apartFrom: inputs)
      dynamic[output] = result
      if let body = result.body { addresses.set(output, body.pointer) }
    }
    return true
  }
}

extension Value {
  /// The same elements under a layout of the same shape, in memory that is not an input's.
  fileprivate func lying(in layout: Layout, apartFrom inputs: [Value]) -> Value {
    guard let body else { return self }
    let isShared = inputs.contains { $0.body?.block === body.block }
    let own = body.layout
    let lies =
      own === layout || own.isContiguous && layout.isContiguous || own.strides == layout.strides
    if lies && !isShared { return self }
    // From the first element to behind the last one.
    let extent = zip(layout.shape, layout.strides).reduce(1) { $0 + Swift.max($1.0 - 1, 0) * $1.1 }
    let block = Body(layout: Layout(contiguous: [Swift.max(extent, 0)]), dtype: dtype)
    let copy = Body(viewing: block, layout: layout, byteOffset: 0)
    withElements { source, strides in
      kb_copy(
        dtype.size, layout.rank, layout.shape, source, strides, copy.pointer, layout.strides)
    }
    return Value(body: copy, dtype: dtype)
  }
}

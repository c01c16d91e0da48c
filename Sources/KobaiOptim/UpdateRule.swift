import CKernels
import KobaiOperators
import KobaiTensor

/// The fused primitives of the optimizers, one per algorithm.
///
/// One evaluation makes a step for all parameters of a group. The states are, parameter by parameter, its
/// counts (rank 0: the step, …), the parameter, its buffers; the operands are the group's numbers and the
/// gradients. So `step()` is one operation for a transform, and one pass over memory.
protocol UpdateRule: UpdatePrimitive {
  /// The kernel.
  static var kernel: kb_optim_rule { get }
  /// How many rank-0 values are kept for each parameter.
  var countCount: Int { get }
  /// Which of the kernel's places for state each buffer takes.
  var places: [Int] { get }
  /// Advances a parameter's counts and states what this step does.
  /// - Parameter h: the group's numbers, in the order of the optimizer's defaults.
  func plan(_ h: UnsafePointer<Double>, _ counts: inout SIMD4<Double>) -> UpdatePlan
}

/// The coefficients and flags of one parameter's step; see `kb_optim.h`.
struct UpdatePlan {
  var flags: Int = 0
  var c = SIMD16<Double>()

  mutating func set(_ flag: Int, if condition: Bool = true) { if condition { flags |= flag } }
}

extension UpdateRule {
  private var width: Int { countCount + 1 + places.count }

  /// One operand holds the numbers; each other one is the gradient of a parameter.
  func stateCount(inputCount: Int) -> Int { (inputCount - 1) / (width + 1) * width }

  /// A part for each parameter.
  func parts(inputCount: Int) -> [UpdatePart] {
    (0..<(inputCount - 1) / (width + 1)).map {
      UpdatePart(states: $0 * width..<($0 + 1) * width, operands: [0, $0 + 1])
    }
  }

  func evaluate(updating states: inout [Value], with operands: [Value]) {
    let (width, countCount, places) = (width, countCount, places)
    if let (parameter, other) = misfit((states + operands).map(\.type)) {
      return misuse(
        "\(Self.name): a parameter is \(parameter), but its gradient or what is kept for it is \(other); "
          + "convert a module before its optimizer is made", else: ())
    }
    var items = [kb_optim_item](repeating: kb_optim_item(), count: operands.count - 1)
    var start = 0
    // What the kernel reads must live until it has run.
    var read: [Value] = []
    read.reserveCapacity(operands.count * 2)
    operands[0].contiguous.withElements { pointer, _ in
      let h = pointer.assumingMemoryBound(to: Double.self)
      for i in items.indices {
        let first = i * width
        var counts = SIMD4<Double>()
        for k in 0..<countCount { counts[k] = states[first + k].number }
        let plan = plan(h, &counts)
        for k in 0..<countCount {
          states[first + k] = .number(counts[k], states[first + k].dtype)
        }
        let parameter = first + countCount
        let dtype = states[parameter].dtype
        let count = states[parameter].count * (dtype.isComplex ? 2 : 1)
        items[i].start = start
        items[i].count = count
        items[i].dtype = dtype.code
        items[i].set(plan)
        start += count
        let grad = operands[i + 1].inMemory.contiguous
        read.append(grad)
        items[i].grad = UnsafeRawPointer(grad.pointer)
        (items[i].param, items[i].new_param) = states[parameter].makeWritable(&read)
        for (k, place) in places.enumerated() {
          items[i].set(place, states[parameter + 1 + k].makeWritable(&read))
        }
      }
    }
    kb_optim_step(Self.kernel, items.count, items)
    // Rank-0 parameters lay in memory for the kernel.
    for i in items.indices {
      let parameter = i * width + countCount
      guard operands[i + 1].shape.isEmpty else { continue }
      for k in parameter..<(i + 1) * width { states[k] = states[k].view(.scalar) }
    }
  }

  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard (inputs + outputs).allSatisfy(\.layout.isContiguous),
      misfit(inputs.map { TensorType($0.dtype, $0.shape) }) == nil
    else { return nil }
    let (width, countCount, places) = (width, countCount, places)
    let stateCount = stateCount(inputCount: inputs.count)
    let items = UpdateItems(count: inputs.count - stateCount - 1)
    let countTypes = (0..<countCount).map { inputs[$0].dtype.code }
    var start = 0
    for i in 0..<items.count {
      let parameter = inputs[i * width + countCount]
      items[i].start = start
      items[i].count = parameter.layout.count * (parameter.dtype.isComplex ? 2 : 1)
      items[i].dtype = parameter.dtype.code
      start += items[i].count
    }
    return .kernel(mayReplace: (0..<stateCount).map { [$0] }) { memory in
      let results = memory + inputs.count
      let h = UnsafePointer(memory[stateCount].assumingMemoryBound(to: Double.self))
      for i in 0..<items.count {
        let first = i * width
        var counts = SIMD4<Double>()
        for k in 0..<countCount {
          counts[k] = kb_scalar_to_double(countTypes[k], memory[first + k].word)
        }
        items[i].set(self.plan(h, &counts))
        for k in 0..<countCount {
          results[first + k].word = kb_scalar_from_double(countTypes[k], counts[k])
        }
        let parameter = first + countCount
        items[i].grad = UnsafeRawPointer(memory[stateCount + 1 + i])
        items[i].param = UnsafeRawPointer(memory[parameter])
        items[i].new_param = results[parameter]
        for k in places.indices {
          let pointer = UnsafeRawPointer(memory[parameter + 1 + k])
          items[i].set(places[k], (pointer, results[parameter + 1 + k]))
        }
      }
      kb_optim_step(Self.kernel, items.count, items.pointer)
      return true
    }
  }

  /// The kernel takes all elements of a parameter, its gradient and its buffers to be of one type and number.
  ///
  /// - Parameter inputs: the types of the states, the numbers and the gradients.
  /// - Returns: the first parameter and what is of another type; nil if all is well.
  private func misfit(_ inputs: [TensorType]) -> (parameter: TensorType, other: TensorType)? {
    let stateCount = stateCount(inputCount: inputs.count)
    for i in 0..<inputs.count - stateCount - 1 {
      let first = i * width + countCount
      let others = [inputs[stateCount + 1 + i]] + inputs[(first + 1)..<(i + 1) * width]
      if let other = others.first(where: { $0 != inputs[first] }) { return (inputs[first], other) }
    }
    return nil
  }

  /// Elementwise: a batch is more elements, unless what stands for all elements differs along it.
  func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    let stateCount = stateCount(inputCount: inputs.count)
    func isShared(_ i: Int) -> Bool {
      i == stateCount || i < stateCount && i % width < countCount
    }
    let rows = inputs.indices.map { i in
      isBatched[i] || isShared(i) ? inputs[i] : inputs[i].broadcast(to: [size] + inputs[i].shape)
    }
    guard !inputs.indices.contains(where: { isShared($0) && isBatched[$0] }) else {
      let slices = (0..<size).map { row in
        bind(
          self,
          inputs.indices.map { i in
            isShared(i) && !isBatched[i] ? rows[i] : rows[i].select(dim: 0, index: row)
          })
      }
      return (0..<stateCount).map { k in Tensor.stack(slices.map { $0[k] }) }
    }
    return bind(self, rows).enumerated().map { i, output in
      isShared(i) ? output.broadcast(to: [size]) : output
    }
  }
}

/// What a prepared step hands to its kernel.
///
/// `@unchecked Sendable`: used by one thread at a time.
private final class UpdateItems: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<kb_optim_item>
  let count: Int

  init(count: Int) {
    self.count = count
    pointer = .allocate(capacity: max(count, 1))
    pointer.initialize(repeating: kb_optim_item(), count: count)
  }

  deinit { pointer.deallocate() }

  subscript(i: Int) -> kb_optim_item {
    get { pointer[i] }
    _modify { yield &pointer[i] }
  }
}

extension UnsafeMutableRawPointer {
  /// A rank-0 element, which fills the low bytes of a word.
  fileprivate var word: UInt64 {
    get { load(as: UInt64.self) }
    nonmutating set { storeBytes(of: newValue, as: UInt64.self) }
  }
}

extension Value {
  /// A rank-0 element moved into memory.
  fileprivate var inMemory: Value {
    shape.isEmpty ? view(Layout(contiguous: [1])) : self
  }

  fileprivate var pointer: UnsafeMutableRawPointer? { body?.pointer }

  /// Where a kernel reads this value and where it writes the new one, which this value then is: its own
  /// memory where nothing else refers to it, else fresh memory.
  fileprivate mutating func makeWritable(
    _ read: inout [Value]
  ) -> (UnsafeRawPointer?, UnsafeMutableRawPointer?) {
    if isKnownUniquelyReferenced(&body), let body, body.ownsMemory, body.layout.isContiguous,
      body.layout.rank > 0
    {
      return (UnsafeRawPointer(body.pointer), body.pointer)
    }
    let old = inMemory.contiguous
    read.append(old)
    let new = Body(layout: old.layout, dtype: dtype)
    self = Value(body: new, dtype: dtype)
    return (old.pointer.map { UnsafeRawPointer($0) }, new.pointer)
  }
}

extension kb_optim_item {
  fileprivate mutating func set(_ plan: UpdatePlan) {
    flags = UInt32(plan.flags)
    (c0, c1, c2) = (plan.c[0], plan.c[1], plan.c[2])
    (c3, c4, c5) = (plan.c[3], plan.c[4], plan.c[5])
    (c6, c7, c8) = (plan.c[6], plan.c[7], plan.c[8])
  }

  fileprivate mutating func set(
    _ place: Int, _ pointers: (UnsafeRawPointer?, UnsafeMutableRawPointer?)
  ) {
    switch place {
    case 0: (s0, new_s0) = pointers
    case 1: (s1, new_s1) = pointers
    default: (s2, new_s2) = pointers
    }
  }
}

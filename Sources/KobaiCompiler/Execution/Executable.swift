import CKernels
import KobaiOperators
import KobaiTensor
import Synchronization

/// A graph ready to be replayed on elements.
///
/// `@unchecked Sendable`: immutable but for the scratch memory, which is handed out under a lock.
final class Executable: @unchecked Sendable {
  let graph: Graph
  private let instructions: [Instruction]
  /// What a value slot holds before a run: the constants.
  private let initial: [Value]
  private let scratch = Mutex<[Slots]>([])

  init(_ graph: Graph) {
    self.graph = graph
    var initial = [Value](repeating: .nothing, count: graph.types.count)
    for (number, tensor) in graph.constants { initial[number] = tensor.detach().current.value }
    self.initial = initial
    instructions = Instruction.list(for: graph)
  }

  /// The outputs' elements. Inputs are taken out of `inputs`, so that what nothing else refers to can be
  /// overwritten.
  func run(_ inputs: inout [Value]) -> [Value] {
    let slots = scratch.withLock { $0.popLast() } ?? Slots(initial)
    for (number, i) in zip(graph.inputs, inputs.indices) {
      swap(&slots[number], &inputs[i])
    }
    var isSound = true
    for instruction in instructions {
      isSound = instruction.run(slots)
      if !isSound { break }
    }
    let outputs = graph.outputs.map { isSound ? slots[$0] : .poison }
    slots.reset(initial, isSound ? leftovers : Array(initial.indices))
    scratch.withLock { $0.append(slots) }
    return outputs
  }

  /// The values that no instruction releases: inputs and outputs, as far as they are not constants.
  private lazy var leftovers: [Int] = {
    var remaining = Set(graph.types.indices).subtracting(graph.constants.map(\.value))
    for instruction in instructions { remaining.subtract(instruction.releases) }
    return remaining.sorted()
  }()
}

/// The values of one run.
final class Slots: @unchecked Sendable {  // used by one run at a time
  private let values: UnsafeMutableBufferPointer<Value>

  init(_ initial: [Value]) {
    values = .allocate(capacity: initial.count)
    _ = values.initialize(from: initial)
  }

  deinit {
    values.deinitialize()
    values.deallocate()
  }

  subscript(i: Int) -> Value {
    get { values[i] }
    _modify { yield &values[i] }
  }

  func take(_ i: Int) -> Value {
    var value = Value.nothing
    swap(&value, &values[i])
    return value
  }

  func reset(_ initial: [Value], _ numbers: [Int]) {
    for i in numbers { values[i] = initial[i] }
  }
}

extension Value {
  static let nothing = Value(bits: 0, dtype: .float32)
}

import KobaiTensor

/// What a replay does for each instruction.
enum Preparation {
  /// Several operations on single elements.
  case scalars(ScalarBlock)
  /// Nothing: the result shows elements of the input.
  case view
  case kernel(mayReplace: [[Int]], run: @Sendable (Prepared.Memory) -> Bool)
  case evaluate
}

/// Where the values of a graph lie in a replay.
///
/// Values that show another one's elements lie where it does, their *base*. Bases that are single elements
/// have a cell each. The rest shares one arena, in which blocks are used again once their value is dead, or
/// lies in memory of its own if it is part of an output. A result that replaces a dying input in place takes
/// its block.
struct MemoryPlan {
  enum Place {
    case input(Int)
    case constant
    case cell(Int)
    /// Bytes from the start of the arena.
    case arena(Int)
    case owned(Int)
    /// Whatever memory the evaluation of a step gives.
    case dynamic
  }

  /// A block that leaves the replay with an output.
  struct Owned {
    let type: StridedType
    /// The values that lie in it one after the other.
    let values: [Int]
    /// The input whose block it takes if nothing else refers to that.
    var donor: Int?
    /// The outputs whose recycled memory may serve.
    var recycles: [Int]
  }

  let layouts: [Layout]
  private(set) var base: [Int]
  private(set) var byteOffset: [Int]
  private(set) var places: [Place]
  private(set) var owned: [Owned] = []
  private(set) var cellCount = 0
  private(set) var arenaBytes = 0

  /// The blocks of the arena, in the order in which they are first written.
  private(set) var shared: [Shared] = []

  /// A block of the arena: the values that lie in it one after the other, and the steps of the graph from which
  /// to which it is taken.
  struct Shared {
    let values: [Int]
    let bytes: Int
    let offset: Int
    let steps: ClosedRange<Int>
  }

  private let graph: Graph
  /// The last instruction that reads a base or a view of it; `.max` for outputs.
  private var lastUse: [Int]
  private var blocks: [Block] = []
  private var blockOf: [Int?]

  private struct Block {
    let bytes: Int
    let start: Int
    var end: Int
    let first: Int
    var last: Int
  }

  static let alignment = 64

  init(
    _ graph: Graph, _ instructions: [Instruction], _ preparations: [Preparation],
    _ layouts: [Layout], views: [Int: (base: Int, byteOffset: Int)], donors: [Int: Int]
  ) {
    self.graph = graph
    self.layouts = layouts
    let count = graph.types.count
    base = Array(0..<count)
    byteOffset = Array(repeating: 0, count: count)
    places = Array(repeating: .dynamic, count: count)
    lastUse = Array(repeating: -1, count: count)
    blockOf = Array(repeating: nil, count: count)
    for (i, input) in graph.inputs.enumerated() { places[input] = .input(i) }
    for constant in graph.constants { places[constant.value] = .constant }
    for instruction in instructions {
      for output in instruction.step?.outputs ?? [] {
        guard let view = views[output] else { continue }
        base[output] = base[view.base]
        byteOffset[output] = byteOffset[view.base] + view.byteOffset
      }
    }
    for (i, instruction) in instructions.enumerated() {
      for input in Self.inputs(instruction) { lastUse[base[input]] = i }
    }
    for output in graph.outputs { lastUse[base[output]] = .max }
    for value in 0..<count where base[value] == value && isCell(value) {
      places[value] = .cell(cellCount)
      cellCount += 1
    }
    for (i, instruction) in instructions.enumerated() {
      guard let step = instruction.step, case .kernel(let mayReplace, _) = preparations[i]
      else { continue }
      var taken: Set<Int> = []
      for (k, output) in step.outputs.enumerated() where !isCell(output) {
        let candidates = k < mayReplace.count ? mayReplace[k] : []
        join(output, of: step, i, candidates, &taken)
      }
    }
    placeBlocks(instructions, preparations, donors)
  }

  static func inputs(_ instruction: Instruction) -> [Int] {
    guard case .scalars(let block) = instruction.kind else { return instruction.step?.inputs ?? [] }
    return block.operations.flatMap { $0.y < 0 ? [$0.x] : [$0.x, $0.y] }
  }

  /// Single elements that fit into a word.
  func isCell(_ value: Int) -> Bool {
    graph.types[value].shape.isEmpty && graph.types[value].dtype != .complex128
  }

  /// The bases of these values that have memory of their own and are not read after instruction `i`.
  func dying(_ values: [Int], at i: Int) -> [Int] {
    Set(values.map { base[$0] }).filter { value in
      guard lastUse[value] == i, case .dynamic = places[value] else { return false }
      return true
    }.sorted()
  }

  func type(_ value: Int) -> StridedType { StridedType(graph.types[value].dtype, layouts[value]) }

  private func bytes(_ value: Int) -> Int { max(type(value).byteCount, 1) }

  /// Whether a result may lie where an input of its step lies: element by element in its place, and no other
  /// input reads the block in another way.
  private func canReplace(_ input: Int, by output: Int, of step: Graph.Step, _ i: Int) -> Bool {
    let block = base[input]
    guard byteOffset[input] == 0, layouts[input].isContiguous, layouts[output].isContiguous,
      bytes(input) == bytes(output), bytes(block) == bytes(output), lastUse[block] <= i
    else { return false }
    return step.inputs.allSatisfy {
      base[$0] != block || $0 == input
        || byteOffset[$0] == 0 && layouts[$0].isContiguous && bytes($0) == bytes(input)
    }
  }

  private mutating func join(
    _ output: Int, of step: Graph.Step, _ i: Int, _ candidates: [Int], _ taken: inout Set<Int>
  ) {
    for candidate in candidates {
      let input = step.inputs[candidate]
      guard let block = blockOf[base[input]], !taken.contains(block),
        canReplace(input, by: output, of: step, i)
      else { continue }
      taken.insert(block)
      blocks[block].end = Swift.max(lastUse[output], i)
      blocks[block].last = output
      blockOf[output] = block
      return
    }
    blockOf[output] = blocks.count
    blocks.append(
      Block(
        bytes: bytes(output), start: i, end: Swift.max(lastUse[output], i), first: output,
        last: output))
  }

  private mutating func placeBlocks(
    _ instructions: [Instruction], _ preparations: [Preparation], _ donors: [Int: Int]
  ) {
    var numbers = [Int](repeating: -1, count: blocks.count)
    let shared = blocks.indices.filter { blocks[$0].end != .max }
    // None of these orders is the best one for all graphs.
    let sizes = blocks.map(\.bytes)
    let lengths = blocks.map { $0.end == .max ? 0 : $0.end - $0.start + 1 }
    var offsets: [Int] = []
    for (i, key) in [sizes, lengths, zip(sizes, lengths).map { $0 * $1 }].enumerated() {
      let (bytes, found) = pack(shared.sorted { (key[$0], $1) > (key[$1], $0) })
      if i == 0 || bytes < arenaBytes { (arenaBytes, offsets) = (bytes, found) }
    }
    let values = Dictionary(grouping: graph.types.indices.filter { blockOf[$0] != nil }) {
      blockOf[$0] ?? 0
    }
    self.shared = shared.sorted().map { block in
      let first = instructions[blocks[block].start].steps.lowerBound
      return Shared(
        values: values[block] ?? [], bytes: blocks[block].bytes, offset: offsets[block],
        steps: first...instructions[blocks[block].end].steps.upperBound)
    }
    var donated: Set<Int> = []
    for block in blocks.indices where blocks[block].end == .max {
      numbers[block] = owned.count
      let last = blocks[block].last
      let outputs = graph.outputs.indices.filter { graph.outputs[$0] == last }
      var entry = Owned(
        type: type(last), values: values[block] ?? [], donor: nil, recycles: outputs)
      for output in outputs {
        guard entry.donor == nil, let donor = donors[output], !donated.contains(donor),
          isFree(graph.inputs[donor], for: blocks[block], instructions, preparations)
        else { continue }
        donated.insert(donor)
        entry.donor = donor
      }
      owned.append(entry)
    }
    for value in graph.types.indices {
      guard base[value] == value, let block = blockOf[value] else { continue }
      places[value] = numbers[block] < 0 ? .arena(offsets[block]) : .owned(numbers[block])
    }
  }

  /// Offsets for blocks, placed in this order at the lowest offset that no block alive at the same time takes; and
  /// the bytes that they take together.
  private func pack(_ order: [Int]) -> (bytes: Int, offsets: [Int]) {
    var offsets = [Int](repeating: -1, count: blocks.count)
    var total = 0
    var placed: [(offset: Int, end: Int, block: Int)] = []
    for block in order {
      let size = (blocks[block].bytes + Self.alignment - 1) / Self.alignment * Self.alignment
      var offset = 0
      for other in placed
      where blocks[other.block].start <= blocks[block].end
        && blocks[block].start <= blocks[other.block].end
      {
        if other.offset >= offset + size { break }
        offset = Swift.max(offset, other.end)
      }
      offsets[block] = offset
      total = Swift.max(total, offset + size)
      let position = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert((offset, offset + size, block), at: position)
    }
    return (total, offsets)
  }

  /// Whether an input's memory may be written from the instruction on that first writes a block.
  private func isFree(
    _ input: Int, for block: Block, _ instructions: [Instruction], _ preparations: [Preparation]
  ) -> Bool {
    let i = block.start
    guard layouts[input].isContiguous, bytes(input) == block.bytes else { return false }
    if lastUse[input] < i { return true }
    guard lastUse[input] == i, let step = instructions[i].step,
      case .kernel(let mayReplace, _) = preparations[i],
      let k = step.outputs.firstIndex(of: block.first), k < mayReplace.count
    else { return false }
    return mayReplace[k].contains {
      base[step.inputs[$0]] == input
        && canReplace(step.inputs[$0], by: block.first, of: step, i)
    }
  }
}

import CKernels
import KobaiTensor

extension StridedType {
  /// How many times the last `rank` dimensions repeat.
  func planes(_ rank: Int) -> Int { shape.dropLast(rank).reduce(1, *) }
}

extension Prepared {
  /// A kernel that takes contiguous elements only. Inputs that lie otherwise are copied at each run, as a
  /// single evaluation copies them; the copies are let go behind it. Nil unless all results are contiguous.
  ///
  /// - Parameter strided: inputs that the kernel takes as they lie.
  package static func onContiguous(
    _ inputs: [StridedType], to outputs: [StridedType], except strided: Set<Int> = [],
    run: @escaping @Sendable (Memory) -> Bool
  ) -> Prepared? {
    guard outputs.allSatisfy(\.layout.isContiguous) else { return nil }
    return onContiguous(
      inputs, operandCount: inputs.count + outputs.count, except: strided, run: run)
  }

  /// The same for a kernel that writes its results as they lie.
  static func onContiguous(
    _ inputs: [StridedType], operandCount: Int, except strided: Set<Int> = [],
    run: @escaping @Sendable (Memory) -> Bool
  ) -> Prepared {
    let copied = inputs.indices.filter {
      !inputs[$0].layout.isContiguous && !strided.contains($0)
    }
    if copied.isEmpty { return .kernel(mayReplace: [], run: run) }
    let copies = ContiguousCopies(copied.map { ($0, inputs[$0]) }, operandCount: operandCount)
    return .kernel(mayReplace: []) { memory in
      let isSound = run(copies.take(memory))
      copies.letGo()
      return isSound
    }
  }
}

/// The operands of a kernel, of which some are copied first.
///
/// `@unchecked Sendable`: used by one thread at a time.
private final class ContiguousCopies: @unchecked Sendable {
  private let operands: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let operandCount: Int
  private let copies: [(number: Int, size: Int, layout: StridedLayout)]

  init(_ inputs: [(number: Int, type: StridedType)], operandCount: Int) {
    self.operandCount = operandCount
    operands = .allocate(capacity: operandCount)
    copies = inputs.map { ($0.number, $0.type.dtype.size, StridedLayout($0.type.layout)) }
  }

  deinit { operands.deallocate() }

  func take(_ memory: Prepared.Memory) -> Prepared.Memory {
    operands.update(from: memory, count: operandCount)
    for copy in copies {
      let block = kb_scratch(copy.layout.count * copy.size)
      kb_copy(
        copy.size, copy.layout.rank, copy.layout.sizes, memory[copy.number], copy.layout.strides,
        block, nil)
      operands[copy.number] = block
    }
    return Prepared.Memory(operands)
  }

  func letGo() {
    for copy in copies { kb_scratch_free(operands[copy.number], copy.layout.count * copy.size) }
  }
}

import CKernels
import KobaiOperators
import KobaiTensor

extension Primitives {
  /// A group of elementwise operations one of whose results is only summed up: its elements are added where they
  /// are computed, in the order in which a sum takes them from memory, so with its bits. Graphs have it after
  /// the pass `fuse`; it is not differentiated or batched.
  struct FusedReduction: Primitive {
    static let name = "fused"
    let group: FusedGroup
    /// The result in whose place its sum or mean stands.
    let output: Int
    let isMean: Bool
    let reduced: [Int]
    let source: Shape

    /// nil if the operation is no sum or mean that reads long rows.
    init?(_ group: FusedGroup, output: Int, _ reduction: any Primitive) {
      self.group = group
      self.output = output
      switch reduction {
      case let sum as Sum: (isMean, reduced, source) = (false, sum.reduced, sum.source)
      case let mean as Mean: (isMean, reduced, source) = (true, mean.reduced, mean.source)
      default: return nil
      }
      let flags = source.indices.map { reduced.contains($0) }
      guard !source.contains(0), kb_fused_reduces_well(source.count, source, flags) else {
        return nil
      }
    }

    /// The operations, in order.
    var names: [String] { group.names + [isMean ? Mean.name : Sum.name] }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      var types = group.infer(inputs)
      types[output].shape = Reduced.dropping(source, reduced)
      return types
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      var results = group.evaluate(inputs)
      results[output] =
        isMean
        ? Mean(reduced, of: source).evaluate(results[output])
        : Sum(reduced, of: source).evaluate(results[output])
      return results
    }

    func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs.allSatisfy(\.layout.isContiguous) else { return nil }
      var uniform: UInt32 = 0
      for (i, input) in inputs.enumerated() {
        if input.layout.strides.allSatisfy({ $0 == 0 }) {
          uniform |= 1 << UInt32(i)
        } else if !input.layout.isContiguous {
          return prepareSeparate(inputs, to: outputs)
        }
      }
      let (program, output, isMean, count, mask) = (
        group.program, output, isMean, inputs.count, uniform
      )
      let shape = ReducedShape(source, reduced)
      let mayReplace = outputs.indices.map { o in
        o == output
          ? []
          : inputs.indices.filter {
            uniform >> UInt32($0) & 1 == 0 && kb_fused_may_replace(program.code, o, $0)
          }
      }
      return .kernel(mayReplace: mayReplace) { memory in
        UnsafeRawPointer(memory).withMemoryRebound(to: UnsafeRawPointer?.self, capacity: count) {
          inputs in
          UnsafeRawPointer(memory + count).withMemoryRebound(
            to: UnsafeMutableRawPointer?.self, capacity: program.results.count
          ) { outputs in
            kb_fused_reduce(
              program.code, output, isMean, shape.rank, shape.sizes, shape.flags, inputs, mask,
              outputs)
          }
        }
        return true
      }
    }

    /// Strided inputs are walked by the group's own loops, into memory that the reduction then reads.
    private func prepareSeparate(
      _ inputs: [StridedType], to outputs: [StridedType]
    ) -> Prepared? {
      let dtype = outputs[output].dtype
      let dense = StridedType(dtype, Layout(contiguous: source))
      var types = outputs
      types[output] = dense
      guard case .kernel(_, let run)? = group.prepare(inputs, to: types) else { return nil }
      let shape = ReducedShape(source, reduced)
      let (place, operation) = (
        inputs.count + output, isMean ? KB_REDUCE_MEAN : KB_REDUCE_SUM
      )
      let bytes = dense.byteCount
      let operands = OperandList(count: inputs.count + outputs.count)
      return .kernel(mayReplace: []) { memory in
        let block = kb_scratch(bytes)
        defer { kb_scratch_free(block, bytes) }
        let isSound = run(operands.replacing(place, with: block, in: memory))
        kb_reduce(
          operation, dtype.code, dtype.code, shape.rank, shape.sizes, shape.flags, block, nil,
          memory[place])
        return isSound
      }
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      misuse("fused: a group of operations is batched before it is formed", else: [.poison])
    }
  }
}

/// Sizes and a flag for each dimension that is reduced, in memory of their own.
///
/// `@unchecked Sendable`: immutable.
private final class ReducedShape: @unchecked Sendable {
  let rank: Int
  let sizes: UnsafeMutablePointer<Int>
  let flags: UnsafeMutablePointer<Bool>

  init(_ shape: Shape, _ reduced: [Int]) {
    rank = shape.count
    sizes = .allocate(capacity: max(rank, 1))
    flags = .allocate(capacity: max(rank, 1))
    for d in shape.indices {
      (sizes + d).initialize(to: shape[d])
      (flags + d).initialize(to: reduced.contains(d))
    }
  }

  deinit {
    sizes.deallocate()
    flags.deallocate()
  }
}

/// A list of addresses with another one in a place.
///
/// `@unchecked Sendable`: used by one thread at a time.
private final class OperandList: @unchecked Sendable {
  private let operands: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let count: Int

  init(count: Int) {
    self.count = count
    operands = .allocate(capacity: count)
  }

  deinit { operands.deallocate() }

  func replacing(
    _ place: Int, with address: UnsafeMutableRawPointer, in memory: Prepared.Memory
  ) -> Prepared.Memory {
    operands.update(from: memory, count: count)
    operands[place] = address
    return Prepared.Memory(operands)
  }
}

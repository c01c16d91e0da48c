import KobaiTensor

/// What all reductions share: shapes without or with their reduced dimensions, the kernel call.
package enum Reduced {
  /// The shape without the reduced dimensions.
  package static func dropping(_ shape: Shape, _ reduced: [Int]) -> Shape {
    shape.indices.filter { !reduced.contains($0) }.map { shape[$0] }
  }

  /// The shape with the reduced dimensions at size 1.
  package static func keeping(_ shape: Shape, _ reduced: [Int]) -> Shape {
    shape.indices.map { reduced.contains($0) ? 1 : shape[$0] }
  }

  /// A fresh value of the reduced shape, which `kernel` writes: it is called with rank, sizes, a flag for
  /// each reduced dimension, the elements, their strides (nil: contiguous) and the result's memory.
  package static func evaluate(
    _ x: Value, _ reduced: [Int], to dtype: DType,
    _ kernel: (
      Int, UnsafePointer<Int>, UnsafePointer<Bool>, UnsafeRawPointer, UnsafePointer<Int>?,
      UnsafeMutableRawPointer
    ) -> Void
  ) -> Value {
    let shape = x.shape
    let flags = shape.indices.map { reduced.contains($0) }
    return x.withElements { pointer, strides in
      Value.make(dtype, dropping(shape, reduced)) { out in
        kernel(shape.count, shape, flags, pointer, strides, out)
      }
    }
  }

  /// The same made ready.
  package static func prepare(
    _ x: StridedType, _ reduced: [Int], to output: StridedType,
    _ kernel:
      @escaping @Sendable (
        Int, UnsafePointer<Int>, UnsafePointer<Bool>, UnsafeRawPointer, UnsafePointer<Int>?,
        UnsafeMutableRawPointer
      ) -> Void
  ) -> Prepared? {
    guard output.layout.isContiguous else { return nil }
    let layout = StridedLayout(x.layout)
    let flags = ReducedFlags(x.shape.indices.map { reduced.contains($0) })
    return .kernel(mayReplace: []) { memory in
      kernel(layout.rank, layout.sizes, flags.pointer, memory[0], layout.strides, memory[1])
      return true
    }
  }
}

/// A flag for each dimension, in memory of their own.
///
/// `@unchecked Sendable`: immutable.
private final class ReducedFlags: @unchecked Sendable {
  let pointer: UnsafePointer<Bool>

  init(_ flags: [Bool]) {
    let block = UnsafeMutablePointer<Bool>.allocate(capacity: max(flags.count, 1))
    for (i, flag) in flags.enumerated() { (block + i).initialize(to: flag) }
    pointer = UnsafePointer(block)
  }

  deinit { pointer.deallocate() }
}

import CKernels
import KobaiTensor

extension Operands {
  /// An index tensor as int64; nil, after the misuse, for another dtype than int64 and int32.
  package static func index(_ name: String, _ index: Tensor) -> Tensor? {
    let dtype = index.dtype
    guard dtype == .int64 || dtype == .int32 else {
      return misuse(
        "\(name): Expected dtype int32/int64 for index, but it is \(dtype); convert with .long()",
        else: nil)
    }
    return index.to(.int64)
  }
}

extension Value {
  /// What a kernel makes of these elements (and their strides), of their shape, and the index that it found
  /// out of range, if any.
  func updated(
    _ kernel: (
      UnsafeRawPointer, UnsafePointer<Int>?, UnsafeMutableRawPointer, inout Int64
    ) -> kb_status
  ) -> (result: Value, outOfRange: Int64?) {
    var bad: Int64 = 0
    var status: kb_status = 0
    let result = withElements { x, strides in
      Value.make(dtype, layout.contiguous) { status = kernel(x, strides, $0, &bad) }
    }
    return (result, status == 0 ? nil : bad)
  }

  /// Calls `body` with the elements as index kernels take them.
  func withIndices<R>(
    _ body: (UnsafePointer<Int64>, UnsafePointer<Int>?) -> R
  ) -> R {
    withElements { body($0.assumingMemoryBound(to: Int64.self), $1) }
  }
}

extension Tensor {
  /// The tensor, repeated over a batch dimension unless it has one.
  func batched(_ isBatched: Bool, _ size: Int) -> Tensor {
    isBatched ? self : broadcast(to: [size] + shape)
  }
}

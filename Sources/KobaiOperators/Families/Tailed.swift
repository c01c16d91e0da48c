import CKernels
import KobaiTensor

/// A product or convolution whose kernel hands parts of its result to a tail as soon as they are final; see
/// `kb_tail.h`.
package protocol TailedPrimitive: Primitive {
  /// The kernel for inputs and a result that lie like these, which is called with their addresses; nil if there
  /// is none.
  func kernel(_ inputs: [StridedType], to output: StridedType) -> TailedKernel?

  /// The dimensions, counted from the last one, that are a row to a tail: 1 of a product, the spatial ones of a
  /// convolution.
  func rowRank(of shape: Shape) -> Int
}

package typealias TailedKernel =
  @Sendable (_ memory: Prepared.Memory, _ tail: UnsafePointer<kb_tail>?) -> Void

extension TailedPrimitive {
  package func rowRank(of shape: Shape) -> Int { 1 }

  func preparedKernel(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    guard let run = kernel(inputs, to: outputs[0]) else { return nil }
    return .kernel(mayReplace: []) { memory in
      run(memory, nil)
      return true
    }
  }
}

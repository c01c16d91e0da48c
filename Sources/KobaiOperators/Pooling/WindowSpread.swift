import CKernels
import KobaiTensor

extension Primitives {
  /// [dy, which] → planes of a given size with each element of dy in its place in its 2 × 2 window and
  /// zeros elsewhere; 4 for `which` puts it nowhere. Linear in dy.
  struct WindowSpread: SelectionPrimitive {
    static let name = "windowSpread"
    let input: [Int]

    init(_ input: [Int]) { self.input = input }

    func infer(_ x: TensorType, _ y: TensorType) -> TensorType { x.replacing(last: input) }
    func evaluate(_ x: Value, _ y: Value) -> Value {
      let (dy, which) = (x.contiguous, y.contiguous)
      return dy.withElements { pdy, _ in
        which.withElements { pwhich, _ in
          Value.make(dy.dtype, infer(dy.type, which.type).shape) { out in
            kb_pool_spread(
              dy.dtype.code, input[0], input[1], dy.planes(2), pdy,
              pwhich.assumingMemoryBound(to: UInt8.self), out)
          }
        }
      }
    }
    func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(WindowChoice(input), dz, y)
    }
  }

  /// The transpose of `WindowSpread`: from planes of a given size, the element of each 2 × 2 window that
  /// `which` says, 0 for 4.
  struct WindowChoice: SelectionPrimitive {
    static let name = "windowChoice"
    let input: [Int]

    init(_ input: [Int]) { self.input = input }

    func infer(_ x: TensorType, _ y: TensorType) -> TensorType { TensorType(x.dtype, y.shape) }
    func evaluate(_ x: Value, _ y: Value) -> Value {
      let (x, which) = (x.contiguous, y.contiguous)
      return x.withElements { px, _ in
        which.withElements { pwhich, _ in
          Value.make(x.dtype, which.shape) { out in
            kb_pool_choose(
              x.dtype.code, input[0], input[1], x.planes(2), px,
              pwhich.assumingMemoryBound(to: UInt8.self), out)
          }
        }
      }
    }
    func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(WindowSpread(input), dz, y)
    }
  }
}

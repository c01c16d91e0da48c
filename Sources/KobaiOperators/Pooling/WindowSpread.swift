import CKernels
import KobaiTensor

extension Primitives {
  /// [dy, which] → the input of windows, with the sum of those elements of dy whose place in their window it is.
  /// A number beyond a window is of no place. Linear in dy.
  struct WindowSpread: SelectionPrimitive {
    static let name = "windowSpread"
    let geometry: WindowGeometry

    init(_ geometry: WindowGeometry) { self.geometry = geometry }

    func infer(_ x: TensorType, _ y: TensorType) -> TensorType { x.replacing(last: geometry.input) }
    func evaluate(_ x: Value, _ y: Value) -> Value {
      let (dy, which) = (x.contiguous, y.contiguous)
      var window = geometry.window
      return dy.withElements { pdy, _ in
        which.withElements { pwhich, _ in
          Value.make(dy.dtype, infer(dy.type, which.type).shape) { out in
            kb_pool_spread(
              dy.dtype.code, &window, dy.planes(geometry.rank), pdy,
              pwhich.assumingMemoryBound(to: UInt8.self), out)
          }
        }
      }
    }
    func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(WindowChoice(geometry), dz, y)
    }
  }

  /// The transpose of `WindowSpread`: the element of each window that `which` says, 0 for a number beyond it.
  struct WindowChoice: SelectionPrimitive {
    static let name = "windowChoice"
    let geometry: WindowGeometry

    init(_ geometry: WindowGeometry) { self.geometry = geometry }

    func infer(_ x: TensorType, _ y: TensorType) -> TensorType { TensorType(x.dtype, y.shape) }
    func evaluate(_ x: Value, _ y: Value) -> Value {
      let (x, which) = (x.contiguous, y.contiguous)
      var window = geometry.window
      return x.withElements { px, _ in
        which.withElements { pwhich, _ in
          Value.make(x.dtype, which.shape) { out in
            kb_pool_choose(
              x.dtype.code, &window, x.planes(geometry.rank), px,
              pwhich.assumingMemoryBound(to: UInt8.self), out)
          }
        }
      }
    }
    func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(WindowSpread(geometry), dz, y)
    }
  }
}

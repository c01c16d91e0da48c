import CKernels
import KobaiTensor

extension Primitives {
  /// [dy, which] → planes of a given size with each element of dy in its place in its 2 × 2 window and
  /// zeros elsewhere; 4 for `which` puts it nowhere. Linear in dy.
  struct WindowSpread: BinaryPrimitive {
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
    var residualsForX: Residuals { .input(1) }
    var residualsForY: Residuals { .none }
    func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(WindowChoice(input), dz, y)
    }
    func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
    func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(self, dx, y)
    }
    func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
    func sum(_ a: Tensor, _ b: Tensor) -> Tensor { a + b }
    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let full = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
      return [bind(self, full[0], full[1])]
    }
  }

  /// The transpose of `WindowSpread`: from planes of a given size, the element of each 2 × 2 window that
  /// `which` says, 0 for 4.
  struct WindowChoice: BinaryPrimitive {
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
    var residualsForX: Residuals { .input(1) }
    var residualsForY: Residuals { .none }
    func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(WindowSpread(input), dz, y)
    }
    func pullbackY(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
    func pushforwardX(_ dx: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(self, dx, y)
    }
    func pushforwardY(_ dy: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? { nil }
    func sum(_ a: Tensor, _ b: Tensor) -> Tensor { a + b }
    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let full = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
      return [bind(self, full[0], full[1])]
    }
  }
}

import CKernels
import KobaiTensor

extension Primitives {
  /// [m, k] × [k, n], or [b, m, k] × [b, k, n] with equal leading dimensions: what every matrix product
  /// is made of. Any strides; a transpose costs nothing.
  public struct MatrixProduct: BilinearOperation, TailedPrimitive {
    public static let name = "matmul"
    public static let gradientName = "MmBackward0"
    public init() {}

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType {
      TensorType(x.dtype, x.shape.dropLast() + [y.shape[y.shape.count - 1]])
    }

    public func evaluate(_ x: Value, _ y: Value) -> Value {
      let rank = x.layout.rank
      let batch = x.shape.dropLast(2).reduce(1, *)
      let (a, b) = (Self.collapsed(x), Self.collapsed(y))
      let (m, k, n) = (x.shape[rank - 2], x.shape[rank - 1], y.shape[rank - 1])
      return a.withElements { pa, _ in
        b.withElements { pb, _ in
          Value.make(x.dtype, x.shape.dropLast() + [n]) { out in
            kb_gemm(
              x.dtype.code, batch, m, n, k, Self.matrix(a, pa), Self.matrix(b, pb), out, false, nil)
          }
        }
      }
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      preparedKernel(inputs, to: outputs)
    }

    package func kernel(_ inputs: [StridedType], to output: StridedType) -> TailedKernel? {
      let (x, y) = (inputs[0].layout, inputs[1].layout)
      let (rank, dtype) = (x.rank, inputs[0].dtype.code)
      guard output.layout.isContiguous, let a = Self.collapsed(x), let b = Self.collapsed(y)
      else { return nil }
      let batch = x.shape.dropLast(2).reduce(1, *)
      let (m, k, n) = (x.shape[rank - 2], x.shape[rank - 1], y.shape[rank - 1])
      return { memory, tail in
        kb_gemm(
          dtype, batch, m, n, k, Self.matrix(a, memory[0]), Self.matrix(b, memory[1]), memory[2],
          false, tail)
      }
    }

    /// The strides with one batch dimension (or none) in front of the matrix.
    private static func collapsed(_ x: Layout) -> [Int]? {
      if x.rank <= 3 { return x.strides }
      return x.strides(viewedAs: [x.shape.dropLast(2).reduce(1, *)] + x.shape.suffix(2))
    }

    /// One batch dimension (or none) in front of the matrix; a copy only where strides do not allow it.
    private static func collapsed(_ x: Value) -> Value {
      let shape = x.shape
      if shape.count <= 3 { return x }
      return Reshape(from: shape, to: [shape.dropLast(2).reduce(1, *)] + shape.suffix(2)).evaluate(
        x)
    }

    private static func matrix(_ x: Value, _ pointer: UnsafeRawPointer) -> kb_matrix {
      matrix(x.layout.strides, pointer)
    }

    private static func matrix(_ strides: [Int], _ pointer: UnsafeRawPointer) -> kb_matrix {
      let r = strides.count
      return kb_matrix(
        data: pointer, row_stride: strides[r - 2], column_stride: strides[r - 1],
        batch_stride: r > 2 ? strides[0] : 0)
    }

    public func transposeX(_ dz: Tensor, _ y: Tensor) -> Tensor { bind(self, dz, y.mT) }
    public func transposeY(_ dz: Tensor, _ x: Tensor) -> Tensor { bind(self, x.mT, dz) }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let full = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
      return [bind(self, full[0], full[1])]
    }
  }
}

extension Operation {
  static let matrixProduct = Operation(
    "matrixProduct", .contraction, primitives: [Primitives.MatrixProduct.self],
    samples: [
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [3, 4])) {
        bind(Primitives.MatrixProduct(), $0[0], $0[1])
      },
      Sample(.uniform(-2...2, [2, 2, 3]), .uniform(-2...2, [2, 3, 1])) {
        bind(Primitives.MatrixProduct(), $0[0], $0[1])
      },
    ])
}

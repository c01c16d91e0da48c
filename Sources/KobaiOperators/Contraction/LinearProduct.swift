import KobaiTensor

extension Primitives {
  /// x [n, in], w [out, in] → x · wᵀ. A primitive of its own so that the gradient of w lies in memory as w
  /// does: that of a transposed w is a transposed matrix, which every update of w would read across.
  public struct LinearProduct: BilinearOperation, TailedPrimitive {
    public static let name = "linearProduct"
    public static let gradientName = MatrixProduct.gradientName
    public init() {}

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType {
      TensorType(x.dtype, [x.shape[0], y.shape[0]])
    }
    public func evaluate(_ x: Value, _ y: Value) -> Value {
      let (shape, strides) = (y.shape, y.layout.strides)
      let transposed = Layout(shape: [shape[1], shape[0]], strides: [strides[1], strides[0]])
      return MatrixProduct().evaluate(x, y.view(transposed))
    }
    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      preparedKernel(inputs, to: outputs)
    }
    package func kernel(_ inputs: [StridedType], to output: StridedType) -> TailedKernel? {
      let (shape, strides) = (inputs[1].shape, inputs[1].layout.strides)
      let transposed = Layout(shape: [shape[1], shape[0]], strides: [strides[1], strides[0]])
      return MatrixProduct().kernel(
        [inputs[0], StridedType(inputs[1].dtype, transposed)], to: output)
    }
    public func transposeX(_ dz: Tensor, _ y: Tensor) -> Tensor { bind(MatrixProduct(), dz, y) }
    public func transposeY(_ dz: Tensor, _ x: Tensor) -> Tensor {
      bind(MatrixProduct(), dz.mT, x)
    }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let full = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
      return [bind(MatrixProduct(), full[0], full[1].mT)]
    }
  }
}

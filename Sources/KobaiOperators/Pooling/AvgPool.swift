import CKernels
import KobaiTensor

extension Tensor {
  /// The mean of each window of the last dimension.
  ///
  ///     Tensor([[1.0, 3, 2, 6]]).avgPool1d(kernelSize: 2)   // tensor([[2., 4.]])
  ///
  /// - Parameters:
  ///   - stride: the step between windows; that of their size unless given.
  ///   - padding: zeros on both sides, at most half of the window.
  ///   - ceilMode: whether a last window may reach beyond the padding; what is there is not counted.
  ///   - countIncludePad: whether padding counts as elements of the mean.
  /// - Returns: [N, C, L′] for [N, C, L], without N if the input has none.
  public func avgPool1d(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true
  ) -> Tensor {
    avgPooled(
      PoolArguments.geometry(
        "avgPool1d", rank: 1, self, kernelSize: kernelSize, stride: stride, padding: padding,
        ceilMode: ceilMode), countIncludePad, nil)
  }

  /// The mean of each window of the last two dimensions. See `avgPool1d`.
  ///
  ///     Tensor([[[1.0, 2], [3, 4]]]).avgPool2d(kernelSize: 2)   // tensor([[[2.5000]]])
  ///
  /// - Parameter divisorOverride: what sums are divided by, in place of the number of elements.
  public func avgPool2d(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true, divisorOverride: Int? = nil
  ) -> Tensor {
    avgPooled(
      PoolArguments.geometry(
        "avgPool2d", rank: 2, self, kernelSize: kernelSize, stride: stride, padding: padding,
        ceilMode: ceilMode), countIncludePad, divisorOverride)
  }

  /// The mean of each window of the last three dimensions. See `avgPool1d`.
  ///
  ///     Tensor.ones([1, 2, 4, 4, 4]).avgPool3d(kernelSize: 2).shape   // [1, 2, 2, 2, 2]
  public func avgPool3d(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true, divisorOverride: Int? = nil
  ) -> Tensor {
    avgPooled(
      PoolArguments.geometry(
        "avgPool3d", rank: 3, self, kernelSize: kernelSize, stride: stride, padding: padding,
        ceilMode: ceilMode), countIncludePad, divisorOverride)
  }

  private func avgPooled(
    _ geometry: WindowGeometry?, _ countIncludePad: Bool, _ divisor: Int?
  ) -> Tensor {
    guard divisor != 0 else {
      return misuse("avgPool: divisor must be not zero; leave divisorOverride out for the mean")
    }
    guard let geometry else { return .poison }
    return bind(
      Primitives.AveragePool(geometry, countIncludePad: countIncludePad, divisor: divisor ?? 0),
      self)
  }
}

extension Primitives {
  public struct AveragePool: LinearOperation {
    public static let name = "avgPool"
    let geometry: WindowGeometry
    let countIncludePad: Bool
    /// 0: the number of elements.
    let divisor: Int

    init(_ geometry: WindowGeometry, countIncludePad: Bool, divisor: Int) {
      self.geometry = geometry
      self.countIncludePad = countIncludePad
      self.divisor = divisor
    }

    public func infer(_ x: TensorType) -> TensorType { x.replacing(last: geometry.output) }
    public func evaluate(_ x: Value) -> Value {
      let x = x.contiguous
      var window = geometry.window
      return x.withElements { px, _ in
        Value.make(x.dtype, infer(x.type).shape) { out in
          kb_average_pool(
            x.dtype.code, &window, x.planes(geometry.rank), countIncludePad, divisor, px, out)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(AveragePoolTranspose(of: self), dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }

  public struct AveragePoolTranspose: LinearOperation {
    public static let name = "avgPoolTranspose"
    let pool: AveragePool

    init(of pool: AveragePool) { self.pool = pool }

    public func infer(_ x: TensorType) -> TensorType { x.replacing(last: pool.geometry.input) }
    public func evaluate(_ x: Value) -> Value {
      let dy = x.contiguous
      var window = pool.geometry.window
      return dy.withElements { pdy, _ in
        Value.make(dy.dtype, infer(dy.type).shape) { out in
          kb_average_pool_gradient(
            dy.dtype.code, &window, dy.planes(pool.geometry.rank), pool.countIncludePad,
            pool.divisor, pdy, out)
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(pool, dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Operation {
  static let avgPool1d = Operation(
    "avgPool1d", .pooling,
    samples: [
      Sample(.uniform(-2...2, [2, 2, 7])) { $0[0].avgPool1d(kernelSize: 3, stride: 2, padding: 1) },
      Sample(.uniform(-2...2, [2, 6])) {
        $0[0].avgPool1d(kernelSize: 3, padding: 1, ceilMode: true, countIncludePad: false)
      },
    ])

  static let avgPool2d = Operation(
    "avgPool2d", .pooling,
    primitives: [Primitives.AveragePool.self, Primitives.AveragePoolTranspose.self],
    samples: [
      Sample(.uniform(-2...2, [2, 2, 4, 5])) { $0[0].avgPool2d(kernelSize: 2) },
      Sample(.uniform(-2...2, [1, 5, 5])) {
        $0[0].avgPool2d(kernelSize: [3, 2], stride: [2, 3], padding: [1, 0], ceilMode: true)
      },
      Sample(.uniform(-2...2, [1, 4, 4])) { $0[0].avgPool2d(kernelSize: 2, divisorOverride: 3) },
      Sample(.uniform(-2...2, [0, 2, 3, 3])) { $0[0].avgPool2d(kernelSize: 3) },
    ])

  static let avgPool3d = Operation(
    "avgPool3d", .pooling,
    samples: [
      Sample(.uniform(-2...2, [1, 2, 3, 4, 3])) {
        $0[0].avgPool3d(kernelSize: 2, stride: 1, padding: 1, countIncludePad: false)
      }
    ])
}

import CKernels
import KobaiTensor

extension Tensor {
  /// The means of windows that divide the last dimension into a given number of parts:
  /// part i of n begins at floor(i · L / n) and ends before ceil((i + 1) · L / n).
  ///
  ///     Tensor([[1.0, 2, 3, 4, 5]]).adaptiveAvgPool1d(outputSize: 2)   // tensor([[2., 4.]])
  ///
  /// - Parameter outputSize: a number for the dimension; nil keeps the input's size.
  public func adaptiveAvgPool1d(outputSize: [Int?]) -> Tensor {
    guard let output = PoolArguments.outputSize("adaptive_avg_pool1d", rank: 1, self, outputSize)
    else { return .poison }
    return bind(Primitives.AdaptiveAveragePool(Array(shape.suffix(1)), output), self)
  }

  /// The means of windows that divide the last dimension into a number of parts.
  public func adaptiveAvgPool1d(outputSize: Int) -> Tensor {
    adaptiveAvgPool1d(outputSize: [outputSize])
  }

  /// The means of windows that divide the last two dimensions into a given number of parts:
  /// part i of n begins at floor(i · L / n) and ends before ceil((i + 1) · L / n).
  ///
  ///     Tensor.ones([1, 8, 5, 7]).adaptiveAvgPool2d(outputSize: [3, nil]).shape   // [1, 8, 3, 7]
  ///
  /// - Parameter outputSize: a number for each dimension; nil keeps the input's size.
  public func adaptiveAvgPool2d(outputSize: [Int?]) -> Tensor {
    guard let output = PoolArguments.outputSize("adaptive_avg_pool2d", rank: 2, self, outputSize)
    else { return .poison }
    return bind(Primitives.AdaptiveAveragePool(Array(shape.suffix(2)), output), self)
  }

  /// The means of windows that divide the last two dimensions into the same number of parts.
  public func adaptiveAvgPool2d(outputSize: Int) -> Tensor {
    adaptiveAvgPool2d(outputSize: [outputSize])
  }

  /// The means of windows that divide the last three dimensions into a given number of parts:
  /// part i of n begins at floor(i · L / n) and ends before ceil((i + 1) · L / n).
  ///
  ///     Tensor.ones([1, 2, 4, 5, 6]).adaptiveAvgPool3d(outputSize: 1).shape   // [1, 2, 1, 1, 1]
  ///
  /// - Parameter outputSize: a number for each dimension; nil keeps the input's size.
  public func adaptiveAvgPool3d(outputSize: [Int?]) -> Tensor {
    guard let output = PoolArguments.outputSize("adaptive_avg_pool3d", rank: 3, self, outputSize)
    else { return .poison }
    return bind(Primitives.AdaptiveAveragePool(Array(shape.suffix(3)), output), self)
  }

  /// The means of windows that divide the last three dimensions into the same number of parts.
  public func adaptiveAvgPool3d(outputSize: Int) -> Tensor {
    adaptiveAvgPool3d(outputSize: [outputSize])
  }
}

extension Primitives {
  public struct AdaptiveAveragePool: LinearOperation {
    public static let name = "adaptiveAvgPool"
    let input, output: [Int]

    init(_ input: [Int], _ output: [Int]) {
      self.input = input
      self.output = output
    }

    public func infer(_ x: TensorType) -> TensorType { x.replacing(last: output) }
    public func evaluate(_ x: Value) -> Value {
      let x = x.contiguous
      return WindowGeometry.withSizes(input, output) { input, output in
        x.withElements { px, _ in
          Value.make(x.dtype, infer(x.type).shape) { out in
            kb_adaptive_average_pool(
              x.dtype.code, input, output, x.planes(self.input.count), px, out)
          }
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor {
      bind(AdaptiveAveragePoolTranspose(of: self), dy)
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }

  public struct AdaptiveAveragePoolTranspose: LinearOperation {
    public static let name = "adaptiveAvgPoolTranspose"
    let pool: AdaptiveAveragePool

    init(of pool: AdaptiveAveragePool) { self.pool = pool }

    public func infer(_ x: TensorType) -> TensorType { x.replacing(last: pool.input) }
    public func evaluate(_ x: Value) -> Value {
      let dy = x.contiguous
      return WindowGeometry.withSizes(pool.input, pool.output) { input, output in
        dy.withElements { pdy, _ in
          Value.make(dy.dtype, infer(dy.type).shape) { out in
            kb_adaptive_average_pool_gradient(
              dy.dtype.code, input, output, dy.planes(pool.input.count), pdy, out)
          }
        }
      }
    }
    public func transpose(_ dy: Tensor) -> Tensor { bind(pool, dy) }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }
}

extension Operation {
  static let adaptiveAvgPool1d = Operation(
    "adaptiveAvgPool1d", .pooling,
    samples: [
      Sample(.uniform(-2...2, [2, 2, 7])) { $0[0].adaptiveAvgPool1d(outputSize: 3) },
      Sample(.uniform(-2...2, [2, 2])) { $0[0].adaptiveAvgPool1d(outputSize: 5) },
    ])

  static let adaptiveAvgPool2d = Operation(
    "adaptiveAvgPool2d", .pooling,
    primitives: [
      Primitives.AdaptiveAveragePool.self, Primitives.AdaptiveAveragePoolTranspose.self,
    ],
    samples: [
      Sample(.uniform(-2...2, [2, 2, 4, 5])) { $0[0].adaptiveAvgPool2d(outputSize: [3, 2]) },
      Sample(.uniform(-2...2, [1, 5, 5])) { $0[0].adaptiveAvgPool2d(outputSize: [nil, 4]) },
      Sample(.uniform(-2...2, [0, 2, 3, 3])) { $0[0].adaptiveAvgPool2d(outputSize: 1) },
    ])

  static let adaptiveAvgPool3d = Operation(
    "adaptiveAvgPool3d", .pooling,
    samples: [
      Sample(.uniform(-2...2, [1, 2, 3, 4, 3])) { $0[0].adaptiveAvgPool3d(outputSize: 2) }
    ])
}

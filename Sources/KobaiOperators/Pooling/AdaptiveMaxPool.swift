import CKernels
import KobaiTensor

extension Tensor {
  /// The largest elements of windows that divide the last dimension into a given
  /// number of parts: part i of n begins at floor(i · L / n) and ends before ceil((i + 1) · L / n).
  ///
  ///     Tensor([[1.0, 2, 3, 4, 5]]).adaptiveMaxPool1d(outputSize: 2)   // tensor([[3., 5.]])
  ///
  /// - Parameter outputSize: a number for the dimension; nil keeps the input's size.
  public func adaptiveMaxPool1d(outputSize: [Int?]) -> Tensor {
    adaptiveMaxPool1dWithIndices(outputSize: outputSize).values
  }

  /// The largest elements of windows that divide the last dimension into a number of parts.
  public func adaptiveMaxPool1d(outputSize: Int) -> Tensor {
    adaptiveMaxPool1d(outputSize: [outputSize])
  }

  /// `adaptiveMaxPool1d` together with the position of each largest element in its channel (int64).
  public func adaptiveMaxPool1dWithIndices(
    outputSize: [Int?]
  ) -> (values: Tensor, indices: Tensor) {
    guard let output = PoolArguments.outputSize("adaptive_max_pool1d", rank: 1, self, outputSize)
    else { return (.poison, .poison) }
    let outputs = bind(Primitives.AdaptiveMaxPool(Array(shape.suffix(1)), output), [self])
    return (outputs[0], outputs[1])
  }

  /// The largest elements of windows that divide the last two dimensions into a given
  /// number of parts: part i of n begins at floor(i · L / n) and ends before ceil((i + 1) · L / n).
  ///
  ///     Tensor.ones([1, 8, 5, 7]).adaptiveMaxPool2d(outputSize: [3, nil]).shape   // [1, 8, 3, 7]
  ///
  /// - Parameter outputSize: a number for each dimension; nil keeps the input's size.
  public func adaptiveMaxPool2d(outputSize: [Int?]) -> Tensor {
    adaptiveMaxPool2dWithIndices(outputSize: outputSize).values
  }

  /// The largest elements of windows that divide the last two dimensions into the same number of parts.
  public func adaptiveMaxPool2d(outputSize: Int) -> Tensor {
    adaptiveMaxPool2d(outputSize: [outputSize])
  }

  /// `adaptiveMaxPool2d` together with the position of each largest element in its channel (int64).
  public func adaptiveMaxPool2dWithIndices(
    outputSize: [Int?]
  ) -> (values: Tensor, indices: Tensor) {
    guard let output = PoolArguments.outputSize("adaptive_max_pool2d", rank: 2, self, outputSize)
    else { return (.poison, .poison) }
    let outputs = bind(Primitives.AdaptiveMaxPool(Array(shape.suffix(2)), output), [self])
    return (outputs[0], outputs[1])
  }

  /// The largest elements of windows that divide the last three dimensions into a given
  /// number of parts: part i of n begins at floor(i · L / n) and ends before ceil((i + 1) · L / n).
  ///
  ///     Tensor.ones([1, 2, 4, 5, 6]).adaptiveMaxPool3d(outputSize: 1).shape   // [1, 2, 1, 1, 1]
  ///
  /// - Parameter outputSize: a number for each dimension; nil keeps the input's size.
  public func adaptiveMaxPool3d(outputSize: [Int?]) -> Tensor {
    adaptiveMaxPool3dWithIndices(outputSize: outputSize).values
  }

  /// The largest elements of windows that divide the last three dimensions into the same number of parts.
  public func adaptiveMaxPool3d(outputSize: Int) -> Tensor {
    adaptiveMaxPool3d(outputSize: [outputSize])
  }

  /// `adaptiveMaxPool3d` together with the position of each largest element in its channel (int64).
  public func adaptiveMaxPool3dWithIndices(
    outputSize: [Int?]
  ) -> (values: Tensor, indices: Tensor) {
    guard let output = PoolArguments.outputSize("adaptive_max_pool3d", rank: 3, self, outputSize)
    else { return (.poison, .poison) }
    let outputs = bind(Primitives.AdaptiveMaxPool(Array(shape.suffix(3)), output), [self])
    return (outputs[0], outputs[1])
  }
}

extension Primitives {
  public struct AdaptiveMaxPool: Primitive {
    public static let name = "adaptiveMaxPool"
    let input, output: [Int]

    init(_ input: [Int], _ output: [Int]) {
      self.input = input
      self.output = output
    }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      let type = inputs[0].replacing(last: output)
      return [type, TensorType(.int64, type.shape)]
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let x = inputs[0].contiguous
      let shape = infer([x.type])[0].shape
      let indices = Body(layout: Layout(contiguous: shape), dtype: .int64)
      let values = WindowGeometry.withSizes(input, output) { input, output in
        x.withElements { px, _ in
          Value.make(x.dtype, shape) { out in
            kb_adaptive_max_pool(
              x.dtype.code, input, output, x.planes(self.input.count), px, out,
              indices.pointer.assumingMemoryBound(to: Int64.self))
          }
        }
      }
      return [values, Value(body: indices, dtype: .int64)]
    }

    public var residuals: Residuals { .output(1) }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      [cotangents[0].map { bind(PoolScatter(input), $0, kept.output(1)) }]
    }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      [tangents[0].map { bind(PoolGather(input), $0, outputs[1]) }, nil]
    }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, inputs)
    }
  }
}

extension Operation {
  static let adaptiveMaxPool1d = Operation(
    "adaptiveMaxPool1d", .pooling,
    samples: [
      Sample(.distinct([2, 2, 7])) { $0[0].adaptiveMaxPool1d(outputSize: 3) },
      Sample(.distinct([2, 2])) { $0[0].adaptiveMaxPool1d(outputSize: 5) },
    ])

  static let adaptiveMaxPool2d = Operation(
    "adaptiveMaxPool2d", .pooling, primitives: [Primitives.AdaptiveMaxPool.self],
    samples: [
      Sample(
        .distinct([2, 2, 4, 5]),
        results: {
          let (values, indices) = $0[0].adaptiveMaxPool2dWithIndices(outputSize: [3, 2])
          return [values, indices]
        }),
      Sample(.distinct([1, 5, 5])) { $0[0].adaptiveMaxPool2d(outputSize: [nil, 4]) },
      Sample(.distinct([0, 2, 3, 3])) { $0[0].adaptiveMaxPool2d(outputSize: 1) },
    ])

  static let adaptiveMaxPool3d = Operation(
    "adaptiveMaxPool3d", .pooling,
    samples: [Sample(.distinct([1, 2, 3, 4, 3])) { $0[0].adaptiveMaxPool3d(outputSize: 2) }])
}

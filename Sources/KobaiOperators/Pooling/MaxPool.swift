import CKernels
import KobaiTensor

extension Tensor {
  /// The largest element of each window of the last dimension.
  ///
  ///     Tensor([[1.0, 3, 2, 5]]).maxPool1d(kernelSize: 2)   // tensor([[3., 5.]])
  ///
  /// - Parameters:
  ///   - stride: the step between windows; that of their size unless given.
  ///   - padding: on both sides, never the largest; at most half of the window.
  ///   - dilation: the step between a window's elements.
  ///   - ceilMode: whether a last window may reach beyond the padding.
  /// - Returns: [N, C, L′] for [N, C, L], without N if the input has none. NaN wins; of equal elements the
  ///   first does, and it alone has a gradient.
  public func maxPool1d(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    dilation: any PerDimension = 1, ceilMode: Bool = false
  ) -> Tensor {
    maxPoolValues(
      PoolArguments.geometry(
        "maxPool1d", rank: 1, self, kernelSize: kernelSize, stride: stride, padding: padding,
        dilation: dilation, ceilMode: ceilMode))
  }

  /// `maxPool1d` together with where each largest element lies: its position among those of its channel,
  /// row after row (int64).
  public func maxPool1dWithIndices(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    dilation: any PerDimension = 1, ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPooled(
      PoolArguments.geometry(
        "maxPool1d", rank: 1, self, kernelSize: kernelSize, stride: stride, padding: padding,
        dilation: dilation, ceilMode: ceilMode))
  }

  /// The largest element of each window of the last two dimensions. See `maxPool1d`.
  ///
  ///     Tensor([[[1.0, 2], [3, 4]]]).maxPool2d(kernelSize: 2)   // tensor([[[4.]]])
  public func maxPool2d(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    dilation: any PerDimension = 1, ceilMode: Bool = false
  ) -> Tensor {
    maxPoolValues(
      PoolArguments.geometry(
        "maxPool2d", rank: 2, self, kernelSize: kernelSize, stride: stride, padding: padding,
        dilation: dilation, ceilMode: ceilMode))
  }

  /// `maxPool2d` together with where each largest element lies: its position among those of its channel,
  /// row after row (int64).
  public func maxPool2dWithIndices(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    dilation: any PerDimension = 1, ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPooled(
      PoolArguments.geometry(
        "maxPool2d", rank: 2, self, kernelSize: kernelSize, stride: stride, padding: padding,
        dilation: dilation, ceilMode: ceilMode))
  }

  /// The largest element of each window of the last three dimensions. See `maxPool1d`.
  ///
  ///     Tensor.ones([1, 2, 4, 4, 4]).maxPool3d(kernelSize: 2).shape   // [1, 2, 2, 2, 2]
  public func maxPool3d(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    dilation: any PerDimension = 1, ceilMode: Bool = false
  ) -> Tensor {
    maxPoolValues(
      PoolArguments.geometry(
        "maxPool3d", rank: 3, self, kernelSize: kernelSize, stride: stride, padding: padding,
        dilation: dilation, ceilMode: ceilMode))
  }

  /// `maxPool3d` together with where each largest element lies: its position among those of its channel,
  /// row after row (int64).
  public func maxPool3dWithIndices(
    kernelSize: any PerDimension, stride: (any PerDimension)? = nil, padding: any PerDimension = 0,
    dilation: any PerDimension = 1, ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPooled(
      PoolArguments.geometry(
        "maxPool3d", rank: 3, self, kernelSize: kernelSize, stride: stride, padding: padding,
        dilation: dilation, ceilMode: ceilMode))
  }

  private func maxPoolValues(_ geometry: WindowGeometry?) -> Tensor {
    guard let geometry else { return .poison }
    if isGradEnabled && current.node != nil && geometry.hasNumbers {
      return bind(Primitives.WindowMaximum(geometry), [self])[0]
    }
    return bind(Primitives.MaxPoolValues(geometry), self)
  }

  private func maxPooled(_ geometry: WindowGeometry?) -> (values: Tensor, indices: Tensor) {
    guard let geometry else { return (.poison, .poison) }
    let outputs = bind(Primitives.MaxPool(geometry), [self])
    return (outputs[0], outputs[1])
  }
}

extension Primitives {
  /// Largest elements alone. For a derivative, where they lie is found anew.
  public struct MaxPoolValues: UnaryPrimitive {
    public static let name = "maxPoolValues"
    public static let gradientName = MaxPool.gradientName
    let geometry: WindowGeometry

    init(_ geometry: WindowGeometry) { self.geometry = geometry }

    public func infer(_ x: TensorType) -> TensorType { x.replacing(last: geometry.output) }

    public func evaluate(_ x: Value) -> Value {
      let x = x.contiguous
      var window = geometry.window
      return x.withElements { px, _ in
        Value.make(x.dtype, infer(x.type).shape) { out in
          kb_max_pool(x.dtype.code, &window, x.planes(geometry.rank), px, out, nil)
        }
      }
    }

    public var residuals: Residuals { .input }

    public func pullback(_ dy: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      if geometry.hasNumbers {
        return bind(WindowSpread(geometry), dy, bind(WindowMaximum(geometry), [x])[1])
      }
      return bind(PoolScatter(geometry.input), dy, bind(MaxPool(geometry), [x])[1])
    }
    public func pushforward(_ dx: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
      if geometry.hasNumbers {
        return bind(WindowChoice(geometry), dx, bind(WindowMaximum(geometry), [x])[1])
      }
      return bind(PoolGather(geometry.input), dx, bind(MaxPool(geometry), [x])[1])
    }
    public func batch(_ x: Tensor, size: Int) -> Tensor { bind(self, x) }
  }

  /// Largest elements, and the number of each in its window in one byte, which is all that a derivative needs.
  /// As a function of x for fixed numbers it is `WindowChoice`.
  struct WindowMaximum: Primitive {
    static let name = "windowMaximum"
    static let gradientName = MaxPool.gradientName
    let geometry: WindowGeometry

    init(_ geometry: WindowGeometry) { self.geometry = geometry }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      let type = inputs[0].replacing(last: geometry.output)
      return [type, TensorType(.uint8, type.shape)]
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      let x = inputs[0].contiguous
      var window = geometry.window
      let shape = infer([x.type])[0].shape
      let which = Body(layout: Layout(contiguous: shape), dtype: .uint8)
      let values = x.withElements { px, _ in
        Value.make(x.dtype, shape) { out in
          kb_max_pool_which(
            x.dtype.code, &window, x.planes(geometry.rank), px, out,
            which.pointer.assumingMemoryBound(to: UInt8.self))
        }
      }
      return [values, Value(body: which, dtype: .uint8)]
    }

    var residuals: Residuals { .output(1) }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      [cotangents[0].map { bind(WindowSpread(geometry), $0, kept.output(1)) }]
    }
    func pushforward(_ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]) -> [Tensor?] {
      [tangents[0].map { bind(WindowChoice(geometry), $0, outputs[1]) }, nil]
    }
    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] { bind(self, inputs) }
  }

  /// Largest elements and their positions. As a function of x for fixed positions it is `PoolGather`.
  public struct MaxPool: Primitive {
    public static let name = "maxPool"
    let geometry: WindowGeometry

    init(_ geometry: WindowGeometry) { self.geometry = geometry }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      let type = inputs[0].replacing(last: geometry.output)
      return [type, TensorType(.int64, type.shape)]
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let x = inputs[0].contiguous
      var window = geometry.window
      let shape = infer([x.type])[0].shape
      let indices = Body(layout: Layout(contiguous: shape), dtype: .int64)
      let values = x.withElements { px, _ in
        Value.make(x.dtype, shape) { out in
          kb_max_pool(
            x.dtype.code, &window, x.planes(geometry.rank), px, out,
            indices.pointer.assumingMemoryBound(to: Int64.self))
        }
      }
      return [values, Value(body: indices, dtype: .int64)]
    }

    public var residuals: Residuals { .output(1) }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      [cotangents[0].map { bind(PoolScatter(geometry.input), $0, kept.output(1)) }]
    }
    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      [tangents[0].map { bind(PoolGather(geometry.input), $0, outputs[1]) }, nil]
    }
    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, inputs)
    }
  }

  /// x [..., input…], positions [..., output…] → x at the positions. Linear in x.
  public struct PoolGather: SelectionPrimitive {
    public static let name = "poolGather"
    let input: [Int]

    init(_ input: [Int]) { self.input = input }

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType {
      TensorType(x.dtype, y.shape)
    }
    public func evaluate(_ x: Value, _ y: Value) -> Value {
      let (x, indices) = (x.contiguous, y.contiguous)
      let planes = x.planes(input.count)
      return x.withElements { px, _ in
        indices.withElements { pi, _ in
          Value.make(x.dtype, indices.shape) { out in
            kb_pool_gather(
              x.dtype.code, planes, input.reduce(1, *), indices.count / max(planes, 1),
              pi.assumingMemoryBound(to: Int64.self), px, out)
          }
        }
      }
    }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(PoolScatter(input), dz, y)
    }
  }

  /// The transpose of `PoolGather` for fixed positions: sums up what goes to the same position.
  public struct PoolScatter: SelectionPrimitive {
    public static let name = "poolScatter"
    let input: [Int]

    init(_ input: [Int]) { self.input = input }

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType { x.replacing(last: input) }
    public func evaluate(_ x: Value, _ y: Value) -> Value {
      let (dy, indices) = (x.contiguous, y.contiguous)
      let planes = dy.planes(input.count)
      return dy.withElements { pdy, _ in
        indices.withElements { pi, _ in
          Value.make(dy.dtype, infer(dy.type, indices.type).shape) { out in
            kb_pool_scatter(
              dy.dtype.code, planes, input.reduce(1, *), indices.count / max(planes, 1),
              pi.assumingMemoryBound(to: Int64.self), pdy, out)
          }
        }
      }
    }
    public func pullbackX(_ dz: Tensor, _ x: Tensor, _ y: Tensor, _ z: Tensor) -> Tensor? {
      bind(PoolGather(input), dz, y)
    }
  }
}

extension WindowGeometry {
  /// Whether a byte holds the number of a window's element, and one that stands for none.
  fileprivate var hasNumbers: Bool { kernel.reduce(1, *) <= 255 }
}

extension Operation {
  static let maxPool1d = Operation(
    "maxPool1d", .pooling,
    samples: [
      Sample(.distinct([2, 2, 7])) { $0[0].maxPool1d(kernelSize: 3, stride: 2, padding: 1) },
      Sample(
        .distinct([2, 6]),
        results: {
          let (values, indices) = $0[0].maxPool1dWithIndices(
            kernelSize: 2, stride: 3, dilation: 2, ceilMode: true)
          return [values, indices]
        }),
    ])

  static let maxPool2d = Operation(
    "maxPool2d", .pooling,
    primitives: [
      Primitives.MaxPoolValues.self, Primitives.WindowMaximum.self, Primitives.MaxPool.self,
      Primitives.PoolGather.self, Primitives.PoolScatter.self,
    ],
    samples: [
      Sample(.distinct([2, 2, 4, 5])) { $0[0].maxPool2d(kernelSize: 2) },
      Sample(.distinct([2, 5, 26])) { $0[0].maxPool2d(kernelSize: 2) },
      Sample(
        .distinct([2, 4, 5]),
        results: {
          let (values, indices) = $0[0].maxPool2dWithIndices(kernelSize: 2, stride: 1)
          return [values, indices]
        }),
      Sample(.distinct([1, 5, 5])) {
        $0[0].maxPool2d(kernelSize: [3, 2], stride: [2, 1], padding: [1, 0], ceilMode: true)
      },
      Sample(.distinct([1, 17, 18])) { $0[0].maxPool2d(kernelSize: 16, stride: 1) },
      Sample(.distinct([0, 2, 3, 3])) { $0[0].maxPool2d(kernelSize: 3) },
    ])

  static let maxPool3d = Operation(
    "maxPool3d", .pooling,
    samples: [
      Sample(.distinct([1, 2, 3, 4, 3])) { $0[0].maxPool3d(kernelSize: 2, stride: 1, padding: 1) }
    ])
}
